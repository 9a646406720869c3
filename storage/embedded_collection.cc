// SPDX-License-Identifier: BSD-3-Clause
// The Collection on local disk: RocksDB holds the truth, the index is derived from it.
#include <algorithm>
#include <cmath>
#include <mutex>
#include <string>
#include <utility>

#include "base/guard.h"
#include "base/log.h"
#include "storage/collection.h"
#include "storage/collection_folder.h"
#include "storage/index_recovery.h"
#include "storage/index_worker.h"
#include "storage/record_codec.h"
#include "storage/rocksdb_record_store.h"
#include "storage/segment_files.h"
#include "storage/segmented_index.h"
#include "storage/snapshot_internal.h"
#include "storage/verify_index_internal.h"
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
  EmbeddedCollection(std::filesystem::path folder, std::shared_ptr<RocksDbRecordStore> store,
                     const IndexOptions& options)
      : folder_(std::move(folder)),
        store_(std::move(store)),
        index_(store_->config().dim, store_, options),
        worker_(folder_, *store_, index_, commit_mutex_) {}

  /// Reads the settings and fills the index.
  Status Recover() {
    SL_ASSIGN_OR_RETURN(settings_, store_->ReadSettings());
    SL_ASSIGN_OR_RETURN(RecoveredIndex recovered, RecoverIndex(folder_, store_, index_.state()->options));
    for (const std::string& damage : recovered.damage) Log(LogLevel::kWarning, damage);
    index_.Adopt(*recovered.index);
    worker_.Start(recovered);
    return {};
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
    worker_.Notice(put.size() + committed.dropped_units.size());
    return committed.epoch;
  }

  std::shared_ptr<const IndexView> View() const override { return index_.View(); }

  Status ForEachItemAfter(ItemId after, const std::function<bool(const ItemRecord&)>& visit) const override {
    return store_->ForEachItem(nullptr, after, visit);
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
                           .epoch = state.epoch,
                           .index = StatusOfIndex()};
  }

  IndexOptions index_options() const override { return index_.state()->options; }

  Status SetIndexOptions(const IndexOptions& options) override {
    SL_RETURN_IF_ERROR(CheckIndexOptions(options, config().dim));
    SL_RETURN_IF_ERROR(store_->WriteIndexOptions(options));
    index_.SetOptions(options);
    worker_.Notice(0);
    return {};
  }

  Status SetTrainingQueries(std::span<const float> queries) override {
    if (queries.size() % config().dim != 0) {
      return Fail(ErrorCode::kInvalidArgument, "training queries of " + std::to_string(queries.size()) +
                                                   " values; embeddings have " + std::to_string(config().dim));
    }
    if (!std::all_of(queries.begin(), queries.end(), [](float x) { return std::isfinite(x); })) {
      return Fail(ErrorCode::kInvalidArgument, "a training query with a value that is not finite");
    }
    return store_->WriteTrainingQueries({queries.begin(), queries.end()});
  }

  CollectionSettings settings() const override {
    const std::lock_guard lock(settings_mutex_);
    return settings_;
  }

  Status SetSettings(const CollectionSettings& settings) override {
    SL_RETURN_IF_ERROR(CheckSettings(settings));
    const std::lock_guard lock(settings_mutex_);
    SL_RETURN_IF_ERROR(store_->WriteSettings(settings));
    settings_ = settings;
    return {};
  }

  Status SealNow(const Limits& limits) override { return worker_.SealNow(limits); }
  Status WaitForBackground(const Limits& limits) override { return worker_.Wait(limits); }

  Result<VerifyReport> Verify(const Limits& limits) const override {
    // Both sides of the same commit, and no file of a segment is replaced meanwhile.
    const std::lock_guard still(worker_.files_mutex());
    std::unique_lock lock(commit_mutex_);
    const auto moment = store_->Freeze();
    const auto state = index_.state();
    lock.unlock();
    VerifyReport report;
    for (const std::string& damage : worker_.progress().damage) report.findings.push_back({damage});
    SL_RETURN_IF_ERROR(store_->Verify(*moment, limits, report));
    SL_RETURN_IF_ERROR(
        Guard("verify the index", [&] { return VerifyIndex(folder_, *store_, *moment, *state, limits, report); }));
    return report;
  }

  Result<SnapshotInfo> Snapshot(const std::filesystem::path& out) const override {
    const std::lock_guard lock(worker_.files_mutex());
    return WriteSnapshot(folder_, *store_, out);
  }

  Result<RepairReport> Repair(const Limits& limits) override {
    const std::lock_guard one_at_a_time(repair_mutex_);
    return Guard("repair", [&]() -> Result<RepairReport> {
      RepairReport report;
      SL_ASSIGN_OR_RETURN(const auto wrong_terms, store_->RepairTerms(limits));
      if (wrong_terms) report.done.push_back(*wrong_terms + "; the secondary index was made again from the items");
      VerifyReport records;
      SL_RETURN_IF_ERROR(store_->Verify(*store_->Freeze(), limits, records));
      for (const VerifyFinding& finding : records.findings) report.left.push_back(finding.what);
      worker_.Stop();
      const Status repaired = RepairIndex(limits, report);
      if (!repaired) worker_.Resume();
      SL_RETURN_IF_ERROR(repaired);
      SL_RETURN_IF_ERROR(worker_.Wait(limits));
      return report;
    });
  }

 private:
  IndexStatus StatusOfIndex() const {
    const auto state = index_.state();
    const auto progress = worker_.progress();
    IndexStatus status{.options = state->options,
                       .segments = {},
                       .exact_rows = state->fresh->live_rows,
                       .activity = std::string(progress.activity),
                       .failure = progress.failure ? progress.failure->message : "",
                       .damage = progress.damage};
    if (state->frozen != nullptr) status.exact_rows += state->frozen->live_rows;
    status.exact_bytes = status.exact_rows * (config().dim * sizeof(float) + sizeof(RowInfo));
    for (const auto& slot : state->slots) {
      status.segments.push_back({.number = slot->number,
                                 .kind = slot->segment->kind(),
                                 .units = slot->live_units(),
                                 .rows = slot->segment->rows(),
                                 .dead_rows = slot->dead.count(),
                                 .memory_bytes = slot->segment->memory_bytes(),
                                 .disk_bytes = slot->file_bytes});
    }
    return status;
  }

  /// Which segments are not to be trusted, and why. While the worker is stopped and with commit_mutex_.
  Result<std::vector<uint64_t>> FindDamagedSegments(const Limits& limits, RepairReport& report) const {
    const auto state = index_.state();
    std::vector<uint64_t> damaged;
    VerifyReport files;
    for (const auto& slot : state->slots) {
      const Status checked = CheckSegmentFile(folder_, slot->number, slot->file_bytes, slot->file_checksum,
                                              [&limits] { return limits.Check("repair"); });
      SL_RETURN_IF_ERROR(limits.Check("repair"));
      if (checked) continue;
      damaged.push_back(slot->number);
      report.done.push_back(checked.error().message + "; its units were read from the records");
    }
    if (!damaged.empty()) return damaged;
    VerifyReport content;
    SL_RETURN_IF_ERROR(VerifyIndex(folder_, *store_, *store_->Freeze(), *state, limits, content));
    if (content.findings.empty()) return damaged;
    for (const auto& slot : state->slots) damaged.push_back(slot->number);
    report.done.push_back(content.findings.front().what + "; the whole index was made again from the records");
    return damaged;
  }

  Status RepairIndex(const Limits& limits, RepairReport& report) {
    const std::lock_guard lock(commit_mutex_);
    const size_t before = report.done.size();
    for (const std::string& damage : worker_.progress().damage) {
      report.done.push_back(damage + "; its units were read from the records");
    }
    SL_ASSIGN_OR_RETURN(const std::vector<uint64_t> damaged, FindDamagedSegments(limits, report));
    if (report.done.size() == before) {
      worker_.Resume();
      return {};
    }
    SL_ASSIGN_OR_RETURN(RecoveredIndex recovered, RecoverIndex(folder_, store_, index_.state()->options, damaged));
    index_.Adopt(*recovered.index);
    // Until it is sealed again.
    recovered.damage.assign(report.done.begin() + static_cast<std::ptrdiff_t>(before), report.done.end());
    worker_.Start(recovered);
    index_failure_.reset();
    return {};
  }

  const std::filesystem::path folder_;
  const std::shared_ptr<RocksDbRecordStore> store_;
  SegmentedIndex index_;
  mutable std::mutex settings_mutex_;
  CollectionSettings settings_;
  std::mutex repair_mutex_;
  mutable std::mutex commit_mutex_;
  std::optional<Error> index_failure_;
  mutable IndexWorker worker_;  ///< Last: it works with the others until it is gone.
};

Result<std::unique_ptr<Collection>> OpenStore(const std::filesystem::path& folder, FolderLock lock,
                                              std::unique_ptr<RocksDbRecordStore> store) {
  SL_ASSIGN_OR_RETURN(const IndexOptions options, store->ReadIndexOptions());
  auto collection = std::make_unique<EmbeddedCollection>(folder, Share(std::move(lock), std::move(store)), options);
  SL_RETURN_IF_ERROR(collection->Recover());
  return std::unique_ptr<Collection>(std::move(collection));
}

}  // namespace

Result<std::unique_ptr<Collection>> Collection::Create(const std::filesystem::path& folder,
                                                       const CollectionConfig& config, const OpenOptions& options) {
  return Create(folder, config, IndexOptions(), options);
}

Result<std::unique_ptr<Collection>> Collection::Create(const std::filesystem::path& folder,
                                                       const CollectionConfig& config, const IndexOptions& index,
                                                       const OpenOptions& options) {
  SL_RETURN_IF_ERROR(CheckConfig(config));
  SL_RETURN_IF_ERROR(CheckIndexOptions(index, config.dim));
  return Guard("create a collection", [&]() -> Result<std::unique_ptr<Collection>> {
    SL_ASSIGN_OR_RETURN(FolderLock lock, PrepareFolder(folder, options.owner_socket));
    SL_ASSIGN_OR_RETURN(auto store, RocksDbRecordStore::Create(RecordsFolder(folder), config, options));
    if (index != IndexOptions()) SL_RETURN_IF_ERROR(store->WriteIndexOptions(index));
    SL_RETURN_IF_ERROR(WriteMarker(folder));
    return OpenStore(folder, std::move(lock), std::move(store));
  });
}

Result<std::unique_ptr<Collection>> Collection::Open(const std::filesystem::path& folder, const OpenOptions& options) {
  return Guard("open a collection", [&]() -> Result<std::unique_ptr<Collection>> {
    SL_ASSIGN_OR_RETURN(const uint32_t version, CheckMarker(folder));
    SL_ASSIGN_OR_RETURN(FolderLock lock, FolderLock::Acquire(folder, options.owner_socket));
    // First, so that an older program keeps off what it does not know.
    if (version < kFormatVersion) SL_RETURN_IF_ERROR(WriteMarker(folder));
    SL_ASSIGN_OR_RETURN(auto store, RocksDbRecordStore::Open(RecordsFolder(folder), options));
    return OpenStore(folder, std::move(lock), std::move(store));
  });
}

}  // namespace sightline::storage
