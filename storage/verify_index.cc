// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

#include "storage/segment_files.h"
#include "storage/verify_index_internal.h"

namespace sightline::storage {
namespace {

std::string Name(UnitId unit) { return "unit " + std::to_string(unit.value); }

bool IsRowOf(const RowInfo& info, const UnitRecord& unit, const UnitVector& vector) {
  return info.unit == unit.id && info.item == unit.item && info.type == unit.type &&
         info.is_frame == vector.frame_time_us.has_value() && info.frame_time_us == vector.frame_time_us.value_or(0);
}

/// Where the units of the fresh rows lie.
class TableUnits {
 public:
  explicit TableUnits(const RowTable& table) : table_(table) {
    for (size_t c = 0; c < table.chunks.size(); ++c) {
      for (size_t i = 0; i < table.chunks[c].used; ++i) {
        if (table.chunks[c].IsDead(i)) continue;
        const UnitId unit = table.chunks[c].chunk->info(i).unit;
        ++units_.try_emplace(unit, Run{c * table.rows_per_chunk + i, 0}).first->second.rows;
      }
    }
  }

  bool Has(UnitId unit) const { return units_.count(unit) != 0; }
  /// Whether the rows of the unit are its vectors, bit for bit.
  bool HasWhole(const UnitRecord& unit) const {
    const Run& run = units_.at(unit.id);
    if (run.rows != unit.vectors.size()) return false;
    for (size_t v = 0; v < run.rows; ++v) {
      const RowChunk& chunk = *table_.chunks[(run.first_row + v) / table_.rows_per_chunk].chunk;
      const size_t row = (run.first_row + v) % table_.rows_per_chunk;
      const auto values = chunk.row(row);
      const Embedding& stored = unit.vectors[v].embedding;
      if (!IsRowOf(chunk.info(row), unit, unit.vectors[v])) return false;
      if (!std::equal(values.begin(), values.end(), stored.begin(), stored.end())) return false;
    }
    return true;
  }
  size_t size() const { return units_.size(); }

 private:
  struct Run {
    size_t first_row = 0;
    size_t rows = 0;
  };
  const RowTable& table_;
  std::unordered_map<UnitId, Run> units_;
};

class IndexVerifier {
 public:
  IndexVerifier(const IndexState& state, uint32_t dim, VerifyReport& report)
      : state_(state), report_(report), fresh_(*state.fresh), values_(dim) {
    if (state.frozen != nullptr) frozen_.emplace(*state.frozen);
  }

  void Check(const UnitRecord& unit) {
    size_t places = 0;
    bool is_whole = true;
    for (const auto& slot : state_.slots) {
      if (!slot->HasLiving(unit.id)) continue;
      ++places;
      ++seen_[slot->number];
      is_whole = is_whole && HasWhole(*slot, unit);
    }
    for (const TableUnits* table : {frozen_ ? &*frozen_ : nullptr, &fresh_}) {
      if (table == nullptr || !table->Has(unit.id)) continue;
      ++places;
      ++seen_in_tables_;
      is_whole = is_whole && table->HasWhole(unit);
    }
    if (places > 1) Add("the index has " + Name(unit.id) + " in " + std::to_string(places) + " places");
    if (places == 0 || !is_whole) Add("the index does not have " + Name(unit.id) + " as stored");
  }

  /// After all units were checked.
  void CheckNothingElse() {
    for (const auto& slot : state_.slots) {
      if (seen_[slot->number] == slot->live_units()) continue;
      Add("segment " + std::to_string(slot->number) + " has units that do not exist: " +
          std::to_string(slot->live_units()) + " live in it, " + std::to_string(seen_[slot->number]) + " are stored");
    }
    if (seen_in_tables_ != fresh_.size() + (frozen_ ? frozen_->size() : 0)) {
      Add("the fresh segment has units that do not exist");
    }
  }

 private:
  void Add(std::string what) { report_.findings.push_back({std::move(what)}); }

  bool HasWhole(const SegmentSlot& slot, const UnitRecord& unit) {
    const SealedSegment& segment = *slot.segment;
    const auto [first, last] = segment.RowsOf(unit.id);
    if (last - first != unit.vectors.size()) return false;
    for (uint32_t row = first; row < last; ++row) {
      const UnitVector& vector = unit.vectors[row - first];
      if (slot.dead.Has(row) || !IsRowOf(segment.Info(row), unit, vector)) return false;
      segment.Read(row, 1, values_.data());
      if (!IsNear(vector.embedding)) return false;
    }
    return true;
  }

  /// Whether values_ is the embedding, but for what int8 with one scale per row loses. Rows may have been int8 before
  /// they were merged into a segment of another format.
  bool IsNear(const Embedding& embedding) const {
    float largest = 0;
    for (float value : embedding) largest = std::max(largest, std::abs(value));
    const float allowed = largest / 127 * 0.75f;  // Half a step, and the rounding of scales.
    return std::equal(embedding.begin(), embedding.end(), values_.begin(),
                      [allowed](float a, float b) { return std::abs(a - b) <= allowed; });
  }

  const IndexState& state_;
  VerifyReport& report_;
  TableUnits fresh_;
  std::optional<TableUnits> frozen_;
  std::vector<float> values_;
  std::unordered_map<uint64_t, size_t> seen_;  ///< Living units found in each segment.
  size_t seen_in_tables_ = 0;
};

Status VerifyFiles(const std::filesystem::path& collection, const IndexState& state, const Limits& limits,
                   VerifyReport& report) {
  for (const auto& slot : state.slots) {
    const Status checked = CheckSegmentFile(collection, slot->number, slot->file_bytes, slot->file_checksum,
                                            [&limits] { return limits.Check("verify"); });
    SL_RETURN_IF_ERROR(limits.Check("verify"));
    if (!checked) report.findings.push_back({checked.error().message});
  }
  return {};
}

}  // namespace

Status VerifyIndex(const std::filesystem::path& collection, const RocksDbRecordStore& store,
                   const RocksDbRecordStore::Moment& moment, const IndexState& state, const Limits& limits,
                   VerifyReport& report) {
  SL_RETURN_IF_ERROR(VerifyFiles(collection, state, limits, report));
  IndexVerifier verifier(state, store.config().dim, report);
  Status within_limits;
  const Status scanned = store.ForEachUnit(&moment, [&](UnitRecord&& unit) {
    within_limits = limits.Check("verify");
    verifier.Check(unit);
    return within_limits.has_value();
  });
  SL_RETURN_IF_ERROR(within_limits);
  if (scanned) {
    verifier.CheckNothingElse();
    return {};
  }
  if (scanned.error().code != ErrorCode::kCorruption) return scanned;
  report.findings.push_back({"the index cannot be compared: " + scanned.error().message});
  return {};
}

}  // namespace sightline::storage
