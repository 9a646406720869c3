// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::storage {

/// Which rows of a sealed segment are gone. A value whose copies share what did not change: a mark copies 8 KiB and one
/// small entry per 65,536 rows, however many rows there are. Thread-compatible.
class DeadRows {
 public:
  explicit DeadRows(size_t rows = 0);

  /// @param row  below rows().
  bool Has(size_t row) const {
    const Block* block = blocks_[row / kBlockRows].get();
    return block != nullptr && (block->bits[row % kBlockRows / 64] >> (row % 64) & 1) != 0;
  }
  size_t rows() const { return rows_; }
  /// How many are dead.
  size_t count() const { return count_; }

  /// Marks rows that may be marked already. Neighbours in `rows` should be near each other: a block is copied whenever
  /// the next row lies in another one.
  void Add(std::span<const uint32_t> rows);

  /// What is dead here and was not in `older`, of the same segment; in order.
  std::vector<uint32_t> Since(const DeadRows& older) const;

  /// As a Roaring bitmap in its portable format (docs/STORAGE_FORMAT.md).
  std::string Encode() const;
  /// Errors: kCorruption (not such a bitmap, a row that the segment does not have).
  static Result<DeadRows> Decode(std::string_view bytes, size_t rows);

  friend bool operator==(const DeadRows& a, const DeadRows& b);

 private:
  static constexpr size_t kBlockRows = 1 << 16;
  struct Block {
    std::array<uint64_t, kBlockRows / 64> bits{};
  };

  size_t rows_ = 0;
  size_t count_ = 0;
  std::vector<std::shared_ptr<const Block>> blocks_;  ///< Null where none is dead.
};

}  // namespace sightline::storage
