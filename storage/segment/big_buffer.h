// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace sightline::storage {

/// Zeroed memory, aligned to 64 bytes. Large buffers lie on huge pages where the system has them: rows are read in no
/// order, and with small pages every one of them costs a walk of the page table as well. Move-only.
class BigBuffer {
 public:
  BigBuffer() = default;
  /// Throws std::bad_alloc.
  explicit BigBuffer(size_t size_bytes);
  BigBuffer(BigBuffer&& other) noexcept { *this = std::move(other); }
  BigBuffer& operator=(BigBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
    return *this;
  }
  ~BigBuffer();

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t size_bytes() const { return size_bytes_; }
  std::span<std::byte> bytes() { return {data_, size_bytes_}; }
  std::span<const std::byte> bytes() const { return {data_, size_bytes_}; }

  /// The bytes as values of T.
  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(data_);
  }
  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(data_);
  }

 private:
  std::byte* data_ = nullptr;
  size_t size_bytes_ = 0;
};

}  // namespace sightline::storage
