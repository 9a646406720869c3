// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/big_buffer.h"

#include <sys/mman.h>

#include <cstring>
#include <limits>
#include <new>

namespace sightline::storage {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr std::align_val_t kAlignment{64};

/// From here on rounding up to huge pages costs little.
constexpr size_t kMappedFrom = 16 * kHugePage;

size_t MappedBytes(size_t size_bytes) { return (size_bytes + kHugePage - 1) / kHugePage * kHugePage; }

}  // namespace

BigBuffer::BigBuffer(size_t size_bytes) : size_bytes_(size_bytes) {
  if (size_bytes == 0) return;
  if (size_bytes > std::numeric_limits<size_t>::max() / 2) throw std::bad_alloc();
  if (size_bytes < kMappedFrom) {
    data_ = static_cast<std::byte*>(::operator new(size_bytes, kAlignment));
    std::memset(data_, 0, size_bytes);
    return;
  }
  void* mapped = ::mmap(nullptr, MappedBytes(size_bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  ::madvise(mapped, MappedBytes(size_bytes), MADV_HUGEPAGE);  // a hint: without it everything works, slower
  data_ = static_cast<std::byte*>(mapped);
}

BigBuffer::~BigBuffer() {
  if (data_ == nullptr) return;
  if (size_bytes_ < kMappedFrom) {
    ::operator delete(data_, kAlignment);
  } else {
    ::munmap(data_, MappedBytes(size_bytes_));
  }
}

}  // namespace sightline::storage
