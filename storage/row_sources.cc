// SPDX-License-Identifier: BSD-3-Clause
#include "storage/row_sources.h"

#include <algorithm>

namespace sightline::storage {
namespace {

const RowInfo& InfoAt(const RowTable& table, size_t row) {
  return table.chunks[row / table.rows_per_chunk].chunk->info(row % table.rows_per_chunk);
}

/// The first row that lives at or after `row`.
uint32_t NextLiving(const SegmentSlot& slot, uint32_t row) {
  while (row < slot.segment->rows() && slot.dead.Has(row)) ++row;
  return row;
}

}  // namespace

TableSource::TableSource(std::shared_ptr<const RowTable> table) : table_(std::move(table)) {
  order_.reserve(table_->live_rows);
  for (size_t c = 0; c < table_->chunks.size(); ++c) {
    const ChunkView& view = table_->chunks[c];
    for (size_t i = 0; i < view.used; ++i) {
      if (!view.IsDead(i)) order_.push_back(static_cast<uint32_t>(c * table_->rows_per_chunk + i));
    }
  }
  // The rows of a unit are consecutive and in order already.
  std::stable_sort(order_.begin(), order_.end(),
                   [this](uint32_t a, uint32_t b) { return InfoAt(*table_, a).unit < InfoAt(*table_, b).unit; });
}

RowInfo TableSource::Info(size_t row) const { return InfoAt(*table_, order_[row]); }

void TableSource::Read(size_t begin, size_t count, float* values) const {
  for (size_t i = begin; i < begin + count; ++i) {
    const auto row = table_->chunks[order_[i] / table_->rows_per_chunk].chunk->row(order_[i] % table_->rows_per_chunk);
    values = std::copy(row.begin(), row.end(), values);
  }
}

MergeSource::MergeSource(SegmentSlots slots) : slots_(std::move(slots)) {
  size_t living = 0;
  for (const auto& slot : slots_) living += slot->live_rows();
  order_.reserve(living);
  std::vector<uint32_t> next(slots_.size());
  for (size_t s = 0; s < slots_.size(); ++s) next[s] = NextLiving(*slots_[s], 0);
  while (order_.size() < living) {
    // Few slots: looking at all of them is as good as a heap. A unit lives in one of them only.
    size_t first = slots_.size();
    UnitId lowest;
    for (size_t s = 0; s < slots_.size(); ++s) {
      if (next[s] == slots_[s]->segment->rows()) continue;
      const UnitId unit = slots_[s]->segment->Info(next[s]).unit;
      if (first == slots_.size() || unit < lowest) {
        first = s;
        lowest = unit;
      }
    }
    const uint32_t end = slots_[first]->segment->RowsOf(lowest).second;
    for (uint32_t row = next[first]; row < end; ++row) order_.push_back({static_cast<uint32_t>(first), row});
    next[first] = NextLiving(*slots_[first], end);
  }
}

RowInfo MergeSource::Info(size_t row) const { return slots_[order_[row].slot]->segment->Info(order_[row].row); }

void MergeSource::Read(size_t begin, size_t count, float* values) const {
  for (size_t i = begin; i < begin + count;) {
    size_t run = 1;
    while (i + run < begin + count && order_[i + run].slot == order_[i].slot &&
           order_[i + run].row == order_[i].row + run) {
      ++run;
    }
    slots_[order_[i].slot]->segment->Read(order_[i].row, run, values);
    values += run * dim();
    i += run;
  }
}

}  // namespace sightline::storage
