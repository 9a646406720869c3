// SPDX-License-Identifier: BSD-3-Clause
#include "storage/fresh_segment.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/guard.h"
#include "storage/exact_view.h"

namespace sightline::storage {

struct FreshSegment::Draft {
  RowTable table;
  /// The dead marks that this draft owns and may change; those of earlier tables are shared and never change.
  std::unordered_map<size_t, std::shared_ptr<std::vector<bool>>> own_marks;

  void MarkDead(size_t row) {
    ChunkView& view = table.chunks[row / table.rows_per_chunk];
    auto& marks = own_marks[row / table.rows_per_chunk];
    if (marks == nullptr) {
      marks = std::make_shared<std::vector<bool>>(view.dead ? *view.dead : std::vector<bool>(table.rows_per_chunk));
      view.dead = marks;
    }
    (*marks)[row % table.rows_per_chunk] = true;
  }
};

FreshSegment::FreshSegment(size_t dim, std::shared_ptr<const RecordStore> records) : records_(std::move(records)) {
  table_.dim = dim;
  table_.rows_per_chunk = RowTable::RowsPerChunk(dim);
}

Status FreshSegment::Check(std::span<const UnitRecord> put) const {
  for (const UnitRecord& unit : put) {
    for (const UnitVector& vector : unit.vectors) {
      if (vector.embedding.size() != table_.dim) {
        return Fail(ErrorCode::kInvalidArgument, "unit " + std::to_string(unit.id.value) + " has an embedding of " +
                                                     std::to_string(vector.embedding.size()) + " values, not " +
                                                     std::to_string(table_.dim));
      }
    }
  }
  return {};
}

Status FreshSegment::Apply(std::span<const UnitRecord> put, std::span<const UnitId> removed, Epoch epoch) {
  SL_RETURN_IF_ERROR(Check(put));
  const std::lock_guard writer(writer_mutex_);
  if (broken_) return Fail(ErrorCode::kResourceExhausted, "the index ran out of memory; open the collection again");
  Status applied = Guard("add to the index", [&]() -> Status {
    Draft draft{table_, {}};
    for (UnitId unit : removed) Drop(draft, unit);
    for (const UnitRecord& unit : put) {
      Drop(draft, unit.id);
      Append(draft, unit);
    }
    // Rebuilding costs as much as the rows that are left, and that many had to die first.
    if (dead_rows_ > draft.table.live_rows + 4 * draft.table.rows_per_chunk) Compact(draft);
    const std::lock_guard lock(published_mutex_);
    table_ = std::move(draft.table);
    epoch_ = epoch;
    return {};
  });
  broken_ = !applied;
  return applied;
}

void FreshSegment::Drop(Draft& draft, UnitId unit) {
  const auto found = runs_.find(unit);
  if (found == runs_.end()) return;
  const Run run = found->second;
  for (size_t row = run.first_row; row < run.first_row + run.rows; ++row) draft.MarkDead(row);
  runs_.erase(found);
  dead_rows_ += run.rows;
  draft.table.live_rows -= run.rows;
  --draft.table.live_units;
}

void FreshSegment::Append(Draft& draft, const UnitRecord& unit) {
  if (unit.vectors.empty()) return;
  RowTable& table = draft.table;
  const size_t first_row =
      table.chunks.empty() ? 0 : (table.chunks.size() - 1) * table.rows_per_chunk + table.chunks.back().used;
  for (const UnitVector& vector : unit.vectors) {
    AppendRow(table, vector.embedding,
              {unit.id, unit.item, vector.frame_time_us.value_or(0), unit.type, vector.frame_time_us.has_value()});
  }
  runs_[unit.id] = {first_row, unit.vectors.size()};
  table.live_rows += unit.vectors.size();
  ++table.live_units;
}

void FreshSegment::AppendRow(RowTable& table, std::span<const float> values, const RowInfo& info) {
  if (tail_ == nullptr || table.chunks.back().used == table.rows_per_chunk) {
    tail_ = std::make_shared<RowChunk>(table.rows_per_chunk, table.dim);
    table.chunks.emplace_back().chunk = tail_;
  }
  ChunkView& last = table.chunks.back();
  tail_->Write(last.used, values, info);
  ++last.used;
  last.lowest = std::min(last.lowest, info.item);
  last.highest = std::max(last.highest, info.item);
}

void FreshSegment::Compact(Draft& draft) {
  const RowTable old = std::exchange(draft.table, RowTable{table_.dim, table_.rows_per_chunk, {}, 0, 0});
  draft.own_marks.clear();
  tail_ = nullptr;
  runs_.clear();
  dead_rows_ = 0;
  RowTable& table = draft.table;
  size_t next_row = 0;
  for (const ChunkView& view : old.chunks) {
    for (size_t row = 0; row < view.used; ++row) {
      if (view.IsDead(row)) continue;
      const RowInfo& info = view.chunk->info(row);
      AppendRow(table, view.chunk->row(row), info);
      Run& run = runs_.try_emplace(info.unit, Run{next_row, 0}).first->second;
      ++run.rows;
      ++next_row;
    }
  }
  table.live_rows = next_row;
  table.live_units = runs_.size();
}

std::shared_ptr<const IndexView> FreshSegment::View() const {
  const std::lock_guard lock(published_mutex_);
  return std::make_shared<ExactView>(table_, epoch_, records_);
}

bool FreshSegment::Has(UnitId unit) const {
  const std::lock_guard writer(writer_mutex_);
  return runs_.count(unit) != 0;
}

RowTable FreshSegment::table() const {
  const std::lock_guard lock(published_mutex_);
  return table_;
}

}  // namespace sightline::storage
