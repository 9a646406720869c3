// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/row_info_table.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "storage/segment/sealed_segment.h"

namespace sightline::storage {
namespace {

/// Collects the columns row by row.
struct Columns {
  std::vector<uint64_t> units;
  std::vector<uint64_t> items;
  std::vector<uint8_t> types;
  std::vector<uint32_t> first_rows;
  std::vector<int64_t> frame_times;

  /// False when the row does not fit behind those before it.
  bool Add(uint32_t row, const RowInfo& info) {
    const bool is_first = units.empty() || info.unit.value != units.back();
    if (is_first == info.is_frame) return false;
    if (!is_first) {
      frame_times.push_back(info.frame_time_us);
      return info.item.value == items.back() && static_cast<uint8_t>(info.type) == types.back();
    }
    if (!units.empty() && info.unit.value < units.back()) return false;
    units.push_back(info.unit.value);
    items.push_back(info.item.value);
    types.push_back(static_cast<uint8_t>(info.type));
    first_rows.push_back(row);
    return true;
  }
};

bool IsUnitType(uint8_t type) {
  switch (static_cast<UnitType>(type)) {
    case UnitType::kImage:
    case UnitType::kClip:
    case UnitType::kText:
      return true;
  }
  return false;
}

/// The first position in [0, count) for which `is_at_or_after` holds, which it does from there on.
template <typename Predicate>
size_t FirstWhere(size_t count, Predicate is_at_or_after) {
  size_t begin = 0;
  while (count > 0) {
    const size_t half = count / 2;
    if (is_at_or_after(begin + half)) {
      count = half;
    } else {
      begin += half + 1;
      count -= half + 1;
    }
  }
  return begin;
}

}  // namespace

Result<RowInfoTable> RowInfoTable::Build(const RowSource& source) {
  Columns columns;
  for (size_t row = 0; row < source.rows(); ++row) {
    const RowInfo info = source.Info(row);
    if (!columns.Add(static_cast<uint32_t>(row), info)) {
      return Fail(ErrorCode::kInvalidArgument,
                  "row " + std::to_string(row) + " of unit " + std::to_string(info.unit.value) +
                      " is out of order: units ascend, and each has its own vector first and then its frames");
    }
  }
  RowInfoTable table;
  table.rows_ = source.rows();
  table.unit_ids_ = IdColumn(columns.units);
  table.items_ = IdColumn(columns.items);
  table.types_ = std::move(columns.types);
  table.types_.shrink_to_fit();
  if (table.rows_ != table.units()) {
    table.first_rows_ = std::move(columns.first_rows);
    table.first_rows_.shrink_to_fit();
  }
  table.frame_times_ = std::move(columns.frame_times);
  table.frame_times_.shrink_to_fit();
  table.Derive();
  return table;
}

void RowInfoTable::Derive() {
  if (has_runs()) {
    unit_of_row_.resize(rows_);
    for (size_t unit = 0; unit < units(); ++unit) {
      const auto [first, last] = RowsAt(unit);
      std::fill(unit_of_row_.begin() + first, unit_of_row_.begin() + last, static_cast<uint32_t>(unit));
    }
  }
  bool ascends = true;
  for (size_t unit = 1; unit < units() && ascends; ++unit) ascends = items_[unit - 1] <= items_[unit];
  if (ascends) return;
  by_item_.resize(units());
  std::iota(by_item_.begin(), by_item_.end(), 0u);
  std::stable_sort(by_item_.begin(), by_item_.end(), [this](uint32_t a, uint32_t b) { return items_[a] < items_[b]; });
}

Result<RowInfoTable> RowInfoTable::Load(SegmentFileReader& file) {
  RowInfoTable table;
  const SegmentHead& head = file.head();
  table.rows_ = head.rows;
  SL_ASSIGN_OR_RETURN(const std::string unit_bytes, file.Read("UNIT"));
  SL_ASSIGN_OR_RETURN(table.unit_ids_, IdColumn::Decode(unit_bytes, head.units, "the unit ids"));
  SL_ASSIGN_OR_RETURN(const std::string item_bytes, file.Read("ITEM"));
  SL_ASSIGN_OR_RETURN(table.items_, IdColumn::Decode(item_bytes, head.units, "the item ids"));
  SL_ASSIGN_OR_RETURN(table.types_, file.ReadVector<uint8_t>("TYPE", head.units));
  if (head.rows != head.units) {
    SL_ASSIGN_OR_RETURN(table.first_rows_, file.ReadVector<uint32_t>("FRST", head.units));
    SL_ASSIGN_OR_RETURN(table.frame_times_, file.ReadVector<int64_t>("TIME", head.rows - head.units));
  }
  if (!table.Check()) return tl::unexpected(file.Bad("UNIT", "the units, items, types or runs contradict each other"));
  table.Derive();
  return table;
}

Status RowInfoTable::Check() const {
  bool good = std::all_of(types_.begin(), types_.end(), IsUnitType);
  for (size_t unit = 1; unit < units() && good; ++unit) good = unit_ids_[unit - 1] < unit_ids_[unit];
  if (has_runs()) {
    good = good && first_rows_.front() == 0 && first_rows_.back() < rows_ &&
           std::adjacent_find(first_rows_.begin(), first_rows_.end(), std::greater_equal<>()) == first_rows_.end();
  }
  if (!good) return Fail(ErrorCode::kCorruption, "the units contradict each other");
  return {};
}

void RowInfoTable::AppendSections(SectionList& sections) const {
  sections.AddOwned("UNIT", unit_ids_.Encode());
  sections.AddOwned("ITEM", items_.Encode());
  sections.AddVector("TYPE", types_);
  if (!has_runs()) return;
  sections.AddVector("FRST", first_rows_);
  sections.AddVector("TIME", frame_times_);
}

size_t RowInfoTable::memory_bytes() const {
  return unit_ids_.memory_bytes() + items_.memory_bytes() + types_.size() + frame_times_.size() * sizeof(int64_t) +
         (first_rows_.size() + unit_of_row_.size() + by_item_.size()) * sizeof(uint32_t);
}

std::pair<uint32_t, uint32_t> RowInfoTable::RowsAt(size_t unit_index) const {
  const auto index = static_cast<uint32_t>(unit_index);
  if (!has_runs()) return {index, index + 1};
  return {first_rows_[index], index + 1 < units() ? first_rows_[index + 1] : static_cast<uint32_t>(rows_)};
}

RowInfo RowInfoTable::Info(uint32_t row) const {
  const uint32_t unit = UnitIndexOf(row);
  RowInfo info{UnitId{unit_ids_[unit]}, ItemId{items_[unit]}, 0, static_cast<UnitType>(types_[unit]), false};
  info.is_frame = has_runs() && row != first_rows_[unit];
  // Of the rows before this one, unit + 1 are units' own.
  if (info.is_frame) info.frame_time_us = frame_times_[row - unit - 1];
  return info;
}

std::pair<uint32_t, uint32_t> RowInfoTable::RowsOf(UnitId unit) const {
  const size_t index = FirstWhere(units(), [&](size_t at) { return unit_ids_[at] >= unit.value; });
  if (index == units() || unit_ids_[index] != unit.value) return {0, 0};
  return RowsAt(index);
}

void RowInfoTable::AppendRowsOf(ItemId item, std::vector<uint32_t>& rows) const {
  const size_t first = FirstWhere(units(), [&](size_t at) { return ItemInOrder(at) >= item.value; });
  for (size_t at = first; at < units() && ItemInOrder(at) == item.value; ++at) {
    const auto [begin, end] = RowsAt(by_item_.empty() ? at : by_item_[at]);
    for (uint32_t row = begin; row < end; ++row) rows.push_back(row);
  }
}

}  // namespace sightline::storage
