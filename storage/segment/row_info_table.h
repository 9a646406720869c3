// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "storage/row_table.h"
#include "storage/segment/id_column.h"
#include "storage/segment/segment_file.h"

namespace sightline::storage {

class RowSource;

/// What the rows of a segment are: units in order of id, each with one or more rows in a run, its own vector first and
/// then frames. About 10 bytes per unit, and 12 per row where units have several. Immutable.
class RowInfoTable {
 public:
  RowInfoTable() = default;
  /// Errors: kInvalidArgument (units out of order, a unit that does not begin with its own vector and go on with
  /// frames, two items or types in one unit).
  static Result<RowInfoTable> Build(const RowSource& source);
  /// Errors: kCorruption, kUnavailable.
  static Result<RowInfoTable> Load(SegmentFileReader& file);
  /// `sections` sees this table's memory until it is written.
  void AppendSections(SectionList& sections) const;

  size_t rows() const { return rows_; }
  size_t units() const { return types_.size(); }
  size_t memory_bytes() const;

  RowInfo Info(uint32_t row) const;
  /// [first, last) rows of a unit; empty when it is not here.
  std::pair<uint32_t, uint32_t> RowsOf(UnitId unit) const;
  /// Appends the rows of all units of an item, in order.
  void AppendRowsOf(ItemId item, std::vector<uint32_t>& rows) const;

 private:
  bool has_runs() const { return !first_rows_.empty(); }
  uint32_t UnitIndexOf(uint32_t row) const { return has_runs() ? unit_of_row_[row] : row; }
  std::pair<uint32_t, uint32_t> RowsAt(size_t unit_index) const;
  uint64_t ItemInOrder(size_t position) const { return items_[by_item_.empty() ? position : by_item_[position]]; }
  Status Check() const;
  /// Builds what is not stored.
  void Derive();

  size_t rows_ = 0;
  IdColumn unit_ids_;
  IdColumn items_;              ///< By unit.
  std::vector<uint8_t> types_;  ///< By unit.
  // Only when some unit has more than one row:
  std::vector<uint32_t> first_rows_;   ///< By unit.
  std::vector<int64_t> frame_times_;   ///< By row, the units' own left out.
  std::vector<uint32_t> unit_of_row_;  ///< By row. Derived.
  // Only when the items do not ascend along the units, which they nearly always do:
  std::vector<uint32_t> by_item_;  ///< Units in order of item, then of unit. Derived.
};

}  // namespace sightline::storage
