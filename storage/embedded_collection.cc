// SPDX-License-Identifier: BSD-3-Clause
// The Collection on local disk: RocksDB holds the truth, the index in memory is derived from it.
#include <algorithm>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/guard.h"
#include "storage/collection.h"
#include "storage/collection_folder.h"
#include "storage/fresh_segment.h"
#include "storage/record_codec.h"
#include "storage/rocksdb_record_store.h"
#include "storage/snapshot_internal.h"
#include "storage/write_checks.h"

namespace sightline::storage {
namespace {

/// The store together with the lock on its folder, which outlives it: a view may keep both alive longer than the
/// collection.
struct OwnedStore {
  FolderLock lock;
  std::unique_ptr<RocksDbRecordStore> store;
};

std::shared_ptr<RocksDbRecordStore> Share(FolderLock lock, std::unique_ptr<RocksDbRecordStore> store) {
  const auto owned = std::make_shared<OwnedStore>(OwnedStore{std::move(lock), std::move(store)});
  return {owned, owned->store.get()};
}

class EmbeddedCollection : public Collection {
 public:
  EmbeddedCollection(std::filesystem::path folder, std::shared_ptr<RocksDbRecordStore> store)
      : folder_(std::move(folder)), store_(std::move(store)), index_(store_->config().dim, store_) {}

  /// Fills the index from the records.
  Status Recover() {
    constexpr size_t kBatch = 4096;
    const Epoch epoch = store_->state().epoch;
    std::vector<UnitRecord> batch;
    Status applied;
    const auto apply = [&] {
      applied = index_.Apply(batch, {}, epoch);
      batch.clear();
      return applied.has_value();
    };
    SL_RETURN_IF_ERROR(store_->ForEachUnit(nullptr, [&](UnitRecord&& unit) {
      batch.push_back(std::move(unit));
      return batch.size() < kBatch || apply();
    }));
    if (applied) apply();
    return applied;
  }

  const CollectionConfig& config() const override { return store_->config(); }
  const RecordStore& records() const override { return *store_; }
  Result<AllocatedIds> AllocateIds(uint64_t items, uint64_t units) override {
    return store_->AllocateIds(items, units);
  }

  Result<Epoch> Commit(const WriteSet& changes) override {
    const std::lock_guard lock(commit_mutex_);
    if (index_failure_) return tl::unexpected(*index_failure_);
    SL_ASSIGN_OR_RETURN(const auto committed, store_->CommitAndReport(changes));
    std::vector<UnitRecord> put;
    put.reserve(changes.put_units.size());
    for (const NewUnit& unit : changes.put_units) put.push_back(unit.record);
    if (auto applied = index_.Apply(put, committed.dropped_units, committed.epoch); !applied) {
      // The records are right and the index is behind them until they are read again.
      index_failure_ = applied.error();
      return Annotate(applied.error(), "the change is stored but cannot be searched");
    }
    return committed.epoch;
  }

  std::shared_ptr<const IndexView> View() const override { return index_.View(); }

  Status ForEachItem(const std::function<bool(const ItemRecord&)>& visit) const override {
    return store_->ForEachItem(nullptr, visit);
  }
  Result<std::vector<JobRecord>> Jobs() const override { return store_->Jobs(); }

  Result<CollectionStats> Stats() const override {
    const CollectionState state = store_->state();
    return CollectionStats{.items = state.items,
                           .units = state.units,
                           .vectors = state.vectors,
                           .token_bytes = state.token_bytes,
                           .thumbnail_bytes = state.thumbnail_bytes,
                           .disk_bytes = DiskBytes(folder_),
                           .epoch = state.epoch};
  }

  Result<VerifyReport> Verify(const Limits& limits) const override {
    // Both sides of the same commit.
    std::unique_lock lock(commit_mutex_);
    const auto moment = store_->Freeze();
    const RowTable table = index_.table();
    lock.unlock();
    VerifyReport report;
    SL_RETURN_IF_ERROR(store_->Verify(*moment, limits, report));
    SL_RETURN_IF_ERROR(Guard("verify the index", [&] { return VerifyIndex(*moment, table, limits, report); }));
    return report;
  }

  Result<SnapshotInfo> Snapshot(const std::filesystem::path& out) const override {
    const std::lock_guard lock(segment_files_mutex_);
    return WriteSnapshot(folder_, *store_, out);
  }

 private:
  struct IndexedUnit {
    size_t first_row = 0;
    size_t rows = 0;
  };
  using IndexedUnits = std::unordered_map<UnitId, IndexedUnit>;

  static const RowInfo& InfoAt(const RowTable& table, size_t row) {
    return table.chunks[row / table.rows_per_chunk].chunk->info(row % table.rows_per_chunk);
  }

  static IndexedUnits ListUnits(const RowTable& table) {
    IndexedUnits units;
    for (size_t c = 0; c < table.chunks.size(); ++c) {
      const ChunkView& view = table.chunks[c];
      for (size_t i = 0; i < view.used; ++i) {
        if (view.IsDead(i)) continue;
        ++units.try_emplace(view.chunk->info(i).unit, IndexedUnit{c * table.rows_per_chunk + i, 0}).first->second.rows;
      }
    }
    return units;
  }

  static bool HasRow(const RowTable& table, size_t row, const UnitRecord& unit, const UnitVector& vector) {
    const RowInfo& info = InfoAt(table, row);
    const auto values = table.chunks[row / table.rows_per_chunk].chunk->row(row % table.rows_per_chunk);
    return info.item == unit.item && info.type == unit.type && info.is_frame == vector.frame_time_us.has_value() &&
           info.frame_time_us == vector.frame_time_us.value_or(0) &&
           std::equal(values.begin(), values.end(), vector.embedding.begin(), vector.embedding.end());
  }

  static bool HasRows(const RowTable& table, const IndexedUnit& indexed, const UnitRecord& unit) {
    if (indexed.rows != unit.vectors.size()) return false;
    for (size_t i = 0; i < indexed.rows; ++i) {
      if (!HasRow(table, indexed.first_row + i, unit, unit.vectors[i])) return false;
    }
    return true;
  }

  /// Every unit of the records is in the index with its vectors, and nothing else is.
  Status VerifyIndex(const RocksDbRecordStore::Moment& moment, const RowTable& table, const Limits& limits,
                     VerifyReport& report) const {
    IndexedUnits indexed = ListUnits(table);
    Status within_limits;
    const Status scanned = store_->ForEachUnit(&moment, [&](UnitRecord&& unit) {
      within_limits = limits.Check("verify");
      const auto found = indexed.find(unit.id);
      if (found == indexed.end() || !HasRows(table, found->second, unit)) {
        report.findings.push_back({"the index does not have unit " + std::to_string(unit.id.value) + " as stored"});
      }
      if (found != indexed.end()) indexed.erase(found);
      return within_limits.has_value();
    });
    SL_RETURN_IF_ERROR(within_limits);
    if (!scanned) {
      if (scanned.error().code != ErrorCode::kCorruption) return scanned;
      report.findings.push_back({"the index cannot be compared: " + scanned.error().message});
      return {};
    }
    for (const auto& [unit, rows] : indexed) {
      report.findings.push_back({"the index has unit " + std::to_string(unit.value) + ", which does not exist"});
    }
    return {};
  }

  const std::filesystem::path folder_;
  const std::shared_ptr<RocksDbRecordStore> store_;
  FreshSegment index_;
  mutable std::mutex commit_mutex_;
  /// While it is held, no file of `segments/` is removed that a stored manifest names.
  mutable std::mutex segment_files_mutex_;
  std::optional<Error> index_failure_;
};

Result<std::unique_ptr<Collection>> OpenStore(const std::filesystem::path& folder, FolderLock lock,
                                              std::unique_ptr<RocksDbRecordStore> store) {
  auto collection = std::make_unique<EmbeddedCollection>(folder, Share(std::move(lock), std::move(store)));
  SL_RETURN_IF_ERROR(collection->Recover());
  return std::unique_ptr<Collection>(std::move(collection));
}

}  // namespace

Result<std::unique_ptr<Collection>> Collection::Create(const std::filesystem::path& folder,
                                                       const CollectionConfig& config, const OpenOptions& options) {
  SL_RETURN_IF_ERROR(CheckConfig(config));
  return Guard("create a collection", [&]() -> Result<std::unique_ptr<Collection>> {
    SL_ASSIGN_OR_RETURN(FolderLock lock, PrepareFolder(folder));
    SL_ASSIGN_OR_RETURN(auto store, RocksDbRecordStore::Create(RecordsFolder(folder), config, options));
    SL_RETURN_IF_ERROR(WriteMarker(folder));
    return OpenStore(folder, std::move(lock), std::move(store));
  });
}

Result<std::unique_ptr<Collection>> Collection::Open(const std::filesystem::path& folder, const OpenOptions& options) {
  return Guard("open a collection", [&]() -> Result<std::unique_ptr<Collection>> {
    SL_ASSIGN_OR_RETURN(const uint32_t version, CheckMarker(folder));
    SL_ASSIGN_OR_RETURN(FolderLock lock, FolderLock::Acquire(folder));
    // First, so that an older program keeps off what it does not know.
    if (version < kFormatVersion) SL_RETURN_IF_ERROR(WriteMarker(folder));
    SL_ASSIGN_OR_RETURN(auto store, RocksDbRecordStore::Open(RecordsFolder(folder), options));
    return OpenStore(folder, std::move(lock), std::move(store));
  });
}

}  // namespace sightline::storage
