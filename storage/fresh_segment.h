// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "storage/record_store.h"
#include "storage/row_table.h"
#include "storage/vector_index.h"

namespace sightline::storage {

/// The exact index in memory: every search looks at every vector. Rows are only ever appended; a view is a list of
/// chunks that it shares with the views before and after it, so a commit costs what it changes and one small entry per
/// chunk. Rows of units that are gone stay as dead rows until they outnumber the living ones.
/// Thread-safe: Apply calls take turns, any number of views and searches beside them.
class FreshSegment : public VectorIndex {
 public:
  /// @param records  where filters find metadata; views hold it too.
  FreshSegment(size_t dim, std::shared_ptr<const RecordStore> records);

  /// After kResourceExhausted every further Apply fails as well; views go on showing the last good state.
  Status Apply(std::span<const UnitRecord> put, std::span<const UnitId> removed, Epoch epoch) override;
  std::shared_ptr<const IndexView> View() const override;

  /// Whether the unit is here now.
  bool Has(UnitId unit) const;

  /// The rows of the current view, for comparing them with the records.
  RowTable table() const;

 private:
  /// Where the rows of a unit lie, counted over all chunks.
  struct Run {
    size_t first_row = 0;
    size_t rows = 0;
  };
  /// Changes on their way to being published.
  struct Draft;

  Status Check(std::span<const UnitRecord> put) const;
  void Drop(Draft& draft, UnitId unit);
  void Append(Draft& draft, const UnitRecord& unit);
  void AppendRow(RowTable& table, std::span<const float> values, const RowInfo& info);
  void Compact(Draft& draft);

  const std::shared_ptr<const RecordStore> records_;
  mutable std::mutex writer_mutex_;
  std::unordered_map<UnitId, Run> runs_;
  std::shared_ptr<RowChunk> tail_;  ///< The chunk that takes new rows; null: the next row opens one.
  size_t dead_rows_ = 0;
  bool broken_ = false;

  mutable std::mutex published_mutex_;
  RowTable table_;
  Epoch epoch_;
};

}  // namespace sightline::storage
