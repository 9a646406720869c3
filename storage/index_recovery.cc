// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index_recovery.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/guard.h"
#include "storage/segment_files.h"

namespace sightline::storage {
namespace {

constexpr size_t kBatch = 4096;

class Recovery {
 public:
  Recovery(const std::filesystem::path& collection, RocksDbRecordStore& store, SegmentedIndex& index,
           RecoveredIndex& recovered)
      : collection_(collection), store_(store), index_(index), recovered_(recovered) {}

  Status Run(const std::vector<uint64_t>& leave_out) {
    SL_ASSIGN_OR_RETURN(const bool is_known, ReadManifest());
    if (!recovered_.manifest.segments.empty()) store_.LogChanges();
    SL_RETURN_IF_ERROR(LoadSegments(leave_out));
    if (is_known) RemoveOtherSegments(collection_, Listed());
    if (index_.state()->slots.empty()) return AddUnits();
    SL_RETURN_IF_ERROR(Replay());
    return recovered_.unusable.empty() ? AddPut() : AddUnits();
  }

 private:
  /// @return whether it is known which segments there are.
  Result<bool> ReadManifest() {
    auto manifest = store_.ReadManifest();
    if (manifest && *manifest && (*manifest)->covered > epoch_) {
      manifest = Fail(ErrorCode::kCorruption, "the index's manifest is newer than the collection");
    }
    if (manifest) {
      if (*manifest) recovered_.manifest = **std::move(manifest);
      return true;
    }
    if (manifest.error().code != ErrorCode::kCorruption) return tl::unexpected(manifest.error());
    recovered_.damage.push_back(manifest.error().message);
    return false;
  }

  std::vector<uint64_t> Listed() const {
    std::vector<uint64_t> numbers;
    for (const ManifestSegment& listed : recovered_.manifest.segments) numbers.push_back(listed.number);
    return numbers;
  }

  Status LoadSegments(const std::vector<uint64_t>& leave_out) {
    for (const ManifestSegment& listed : recovered_.manifest.segments) {
      if (std::find(leave_out.begin(), leave_out.end(), listed.number) != leave_out.end()) {
        recovered_.unusable.push_back(listed.number);
        continue;
      }
      auto slot = LoadSegment(collection_, listed);
      if (slot && (*slot)->segment->dim() != store_.config().dim) {
        slot = Fail(ErrorCode::kCorruption, "segment " + std::to_string(listed.number) + " is of other embeddings");
      }
      if (slot) {
        index_.AddSlot(*std::move(slot));
        continue;
      }
      const ErrorCode code = slot.error().code;
      if (code == ErrorCode::kFailedPrecondition || code == ErrorCode::kResourceExhausted) {
        return tl::unexpected(std::move(slot).error());
      }
      recovered_.unusable.push_back(listed.number);
      recovered_.damage.push_back(slot.error().message);
    }
    return {};
  }

  /// Kills the rows of everything that changed since the segments were made.
  Status Replay() {
    SL_RETURN_IF_ERROR(store_.ForEachChange(recovered_.manifest.covered, [this](UnitId unit, UnitChange change) {
      changed_[unit] = change;
      ++recovered_.changes;
    }));
    std::vector<UnitId> units;
    for (const auto& [unit, change] : changed_) units.push_back(unit);
    return index_.Apply({}, units, epoch_);
  }

  /// Adds the units that the log says were put.
  Status AddPut() {
    std::vector<UnitId> ids;
    for (const auto& [unit, change] : changed_) {
      if (change == UnitChange::kPut) ids.push_back(unit);
    }
    for (size_t begin = 0; begin < ids.size(); begin += kBatch) {
      const auto batch = std::span(ids).subspan(begin, std::min(kBatch, ids.size() - begin));
      SL_ASSIGN_OR_RETURN(auto units, store_.GetUnits(batch));
      std::vector<UnitRecord> put;
      for (auto& unit : units) {
        if (unit) put.push_back(*std::move(unit));
      }
      SL_RETURN_IF_ERROR(index_.Apply(put, {}, epoch_));
    }
    return {};
  }

  /// Adds all units that no segment has.
  Status AddUnits() {
    const auto state = index_.state();
    std::vector<UnitRecord> batch;
    Status applied = index_.Apply({}, {}, epoch_);
    const auto apply = [&] {
      applied = index_.Apply(batch, {}, epoch_);
      batch.clear();
      return applied.has_value();
    };
    SL_RETURN_IF_ERROR(store_.ForEachUnit(nullptr, [&](UnitRecord&& unit) {
      const bool is_there = std::any_of(state->slots.begin(), state->slots.end(),
                                        [&unit](const auto& slot) { return slot->HasLiving(unit.id); });
      if (!is_there) batch.push_back(std::move(unit));
      return batch.size() < kBatch || apply();
    }));
    if (applied) apply();
    return applied;
  }

  const std::filesystem::path& collection_;
  RocksDbRecordStore& store_;
  SegmentedIndex& index_;
  RecoveredIndex& recovered_;
  const Epoch epoch_ = store_.state().epoch;
  std::map<UnitId, UnitChange> changed_;  ///< The last change of each.
};

}  // namespace

Result<RecoveredIndex> RecoverIndex(const std::filesystem::path& collection,
                                    const std::shared_ptr<RocksDbRecordStore>& store, const IndexOptions& options,
                                    const std::vector<uint64_t>& leave_out) {
  return Guard("recover the index", [&]() -> Result<RecoveredIndex> {
    RecoveredIndex recovered;
    recovered.index = std::make_unique<SegmentedIndex>(store->config().dim, store, options);
    SL_RETURN_IF_ERROR(Recovery(collection, *store, *recovered.index, recovered).Run(leave_out));
    return recovered;
  });
}

}  // namespace sightline::storage
