// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/types.h"

namespace sightline::storage {

/// What a search needs to know about one row beside its values.
struct RowInfo {
  UnitId unit;
  ItemId item;
  int64_t frame_time_us = 0;  ///< Only when is_frame.
  UnitType type = UnitType::kImage;
  bool is_frame = false;
};

/// A fixed number of rows of floats. Rows are written once, in order, by one writer; readers look only at rows that
/// were there when they got their table, so that both share the chunk without a lock.
class RowChunk {
 public:
  RowChunk(size_t rows, size_t dim)
      : dim_(dim), values_(std::make_unique_for_overwrite<float[]>(rows * dim)), info_(rows) {}

  std::span<const float> row(size_t index) const { return {values_.get() + index * dim_, dim_}; }
  const float* values() const { return values_.get(); }
  const RowInfo& info(size_t index) const { return info_[index]; }

  void Write(size_t index, std::span<const float> values, const RowInfo& info);

 private:
  size_t dim_;
  std::unique_ptr<float[]> values_;
  std::vector<RowInfo> info_;
};

/// A chunk as one table sees it.
struct ChunkView {
  std::shared_ptr<const RowChunk> chunk;
  std::shared_ptr<const std::vector<bool>> dead;  ///< By row; null: none is.
  size_t used = 0;                                ///< Rows that exist.
  ItemId lowest{~uint64_t{0}};                    ///< The ids of the items of its rows lie between these.
  ItemId highest;

  bool IsDead(size_t row) const { return dead != nullptr && (*dead)[row]; }
};

/// All rows at one moment. Copying it copies one small entry per chunk. The rows of a unit are consecutive, also across
/// the end of a chunk, and live or die together.
struct RowTable {
  size_t dim = 0;
  size_t rows_per_chunk = 0;
  std::vector<ChunkView> chunks;
  size_t live_rows = 0;
  size_t live_units = 0;

  /// About 1 MiB per chunk: small enough to check limits between them, big enough to scan at full speed.
  static size_t RowsPerChunk(size_t dim);
};

}  // namespace sightline::storage
