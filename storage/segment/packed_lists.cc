// SPDX-License-Identifier: BSD-3-Clause
#include <stdexcept>

#include "storage/segment/packed_lists_internal.h"

namespace sightline::storage {
namespace {

constexpr size_t kBlockRows = 32;

[[noreturn]] void Refuse() { throw std::logic_error("the inverted lists of a segment are immutable"); }

}  // namespace

size_t PackedLists::CodeBytes(size_t entries, size_t subspaces, int bits) {
  if (bits == 8) return entries * subspaces;
  const size_t block_bytes = kBlockRows / 2 * ((subspaces + 1) / 2 * 2);
  return (entries + kBlockRows - 1) / kBlockRows * block_bytes;
}

PackedLists::PackedLists(std::span<const uint32_t> sizes, size_t subspaces, int bits)
    : InvertedLists(sizes.size(), bits == 8 ? subspaces : static_cast<size_t>(INVALID_CODE_SIZE)) {
  first_id_.reserve(sizes.size() + 1);
  first_code_.reserve(sizes.size() + 1);
  size_t id = 0;
  size_t code = 0;
  for (uint32_t size : sizes) {
    first_id_.push_back(id);
    first_code_.push_back(code);
    id += size;
    code += CodeBytes(size, subspaces, bits);
  }
  first_id_.push_back(id);
  first_code_.push_back(code);
  ids_ = BigBuffer(id * sizeof(idx_t));
  codes_ = BigBuffer(code);
}

size_t PackedLists::memory_bytes() const {
  return ids_.size_bytes() + codes_.size_bytes() + (first_id_.size() + first_code_.size()) * sizeof(size_t);
}

size_t PackedLists::add_entries(size_t, size_t, const idx_t*, const uint8_t*) { Refuse(); }
void PackedLists::update_entries(size_t, size_t, size_t, const idx_t*, const uint8_t*) { Refuse(); }
void PackedLists::resize(size_t, size_t) { Refuse(); }

}  // namespace sightline::storage
