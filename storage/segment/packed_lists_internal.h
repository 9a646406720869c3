// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <faiss/invlists/InvertedLists.h>

#include "storage/segment/big_buffer.h"

namespace sightline::storage {

/// Inverted lists without gaps: what FAISS's own grow by is given up for memory, since ours are filled once. 4-bit
/// codes lie in FAISS's blocks of 32 (pq4_pack_codes), the last block of each list filled up with zeros.
class PackedLists : public faiss::InvertedLists {
 public:
  /// Zero codes and ids for lists of these sizes. `bits` is 4 or 8.
  PackedLists(std::span<const uint32_t> sizes, size_t subspaces, int bits);

  size_t list_size(size_t list) const override { return first_id_[list + 1] - first_id_[list]; }
  const uint8_t* get_codes(size_t list) const override { return codes_.as<uint8_t>() + first_code_[list]; }
  const idx_t* get_ids(size_t list) const override { return ids_.as<idx_t>() + first_id_[list]; }
  /// They are immutable once they are filled: these throw.
  size_t add_entries(size_t, size_t, const idx_t*, const uint8_t*) override;
  void update_entries(size_t, size_t, size_t, const idx_t*, const uint8_t*) override;
  void resize(size_t, size_t) override;

  uint8_t* CodesOf(size_t list) { return codes_.as<uint8_t>() + first_code_[list]; }
  idx_t* IdsOf(size_t list) { return ids_.as<idx_t>() + first_id_[list]; }

  size_t entries() const { return first_id_.back(); }
  std::span<const idx_t> ids() const { return {ids_.as<idx_t>(), entries()}; }
  std::span<idx_t> ids() { return {ids_.as<idx_t>(), entries()}; }
  BigBuffer& codes() { return codes_; }
  const BigBuffer& codes() const { return codes_; }
  size_t memory_bytes() const;

  /// Bytes of a list's codes.
  static size_t CodeBytes(size_t entries, size_t subspaces, int bits);

 private:
  std::vector<size_t> first_id_;    ///< By list, and the end.
  std::vector<size_t> first_code_;  ///< In bytes.
  BigBuffer ids_;
  BigBuffer codes_;
};

}  // namespace sightline::storage
