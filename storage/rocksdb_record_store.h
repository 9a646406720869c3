// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "storage/collection.h"
#include "storage/collection_settings.h"
#include "storage/filter_plan.h"
#include "storage/index_records.h"
#include "storage/record_codec.h"
#include "storage/record_store.h"

namespace sightline::storage {

/// The RecordStore of the embedded engine: RocksDB in one folder (docs/STORAGE_FORMAT.md). Thread-safe; commits take
/// turns. After a write failed (disk full), reads go on and every further write fails with the same error until the
/// store is opened again: what RocksDB holds in memory and on disk may differ then.
class RocksDbRecordStore : public RecordStore, public FilterPlanner {
 public:
  /// Makes a new store in `folder`, which must not exist. Errors: kResourceExhausted, kUnavailable.
  static Result<std::unique_ptr<RocksDbRecordStore>> Create(const std::filesystem::path& folder,
                                                            const CollectionConfig& config, const OpenOptions& options);
  /// Opens and recovers a store. Errors: kCorruption (also when there is none), kFailedPrecondition (newer format),
  /// kResourceExhausted, kUnavailable.
  static Result<std::unique_ptr<RocksDbRecordStore>> Open(const std::filesystem::path& folder,
                                                          const OpenOptions& options);
  ~RocksDbRecordStore() override;

  const CollectionConfig& config() const { return config_; }
  /// The epoch and counts of the last commit.
  CollectionState state() const;

  Result<AllocatedIds> AllocateIds(uint64_t items, uint64_t units) override;
  Result<Epoch> Commit(const WriteSet& changes) override;

  /// What a commit did, for who keeps an index of the units.
  struct Committed {
    Epoch epoch;
    std::vector<UnitId> dropped_units;
  };
  /// As Commit.
  Result<Committed> CommitAndReport(const WriteSet& changes);

  Result<std::vector<std::optional<ItemRecord>>> GetItems(std::span<const ItemId> ids) const override;
  Result<std::vector<std::optional<UnitRecord>>> GetUnits(std::span<const UnitId> ids) const override;
  Result<std::vector<std::optional<TokenMatrix>>> GetTokens(std::span<const UnitId> ids) const override;
  Result<std::vector<std::optional<std::vector<std::byte>>>> GetThumbnails(std::span<const UnitId> ids) const override;
  Result<std::optional<ItemId>> FindItem(std::string_view path) const override;
  Result<std::optional<ItemId>> FindItem(const ContentHash& hash) const override;

  Result<FilterPlan> Plan(const Filter& filter, const Limits& limits) const override;
  /// Makes all terms again from the items when they are not theirs; commits wait. @return what was wrong first;
  /// nullopt: nothing was. Errors: kCancelled, kDeadlineExceeded, read and write errors.
  Result<std::optional<std::string>> RepairTerms(const Limits& limits);

  /// One moment that scans can share. Holding it keeps old records on disk. Not longer than the store lives.
  struct Moment;
  std::shared_ptr<const Moment> Freeze() const;

  /// Visits everything of one kind in order of id, as it was at `moment` (null: now), until `visit` returns false.
  /// Of items those behind the id `after`.
  Status ForEachItem(const Moment* moment, ItemId after, const std::function<bool(const ItemRecord&)>& visit) const;
  Status ForEachUnit(const Moment* moment, const std::function<bool(UnitRecord&&)>& visit) const;
  /// Newest first.
  Result<std::vector<JobRecord>> Jobs() const;

  /// Makes a store in the new folder `out` that holds everything committed so far; tables are linked where both lie on
  /// one file system. Reads and commits go on. What was copied is not synced. Errors: kAlreadyExists (something is
  /// there), kResourceExhausted, kUnavailable.
  Status Checkpoint(const std::filesystem::path& out) const;
  /// Compares every block of every table with its checksum. Errors: kCorruption, kUnavailable.
  Status CheckTables() const;

  // What the index keeps beside the records, and reads of them (storage/index_storage.cc).

  /// nullopt: nothing was ever sealed. Errors: kCorruption (what it says is derived and can be made again).
  Result<std::optional<Manifest>> ReadManifest() const;
  /// Replaces the manifest durably and forgets the changes that it covers.
  Status WriteManifest(const Manifest& manifest);

  /// From the next commit on every commit logs the units that it changes. It stays so until the store is closed.
  void LogChanges();
  /// Calls `visit` for every logged change of the epochs after `after`, in their order.
  Status ForEachChange(Epoch after, const std::function<void(UnitId, UnitChange)>& visit) const;

  /// The defaults when none were ever written.
  Result<IndexOptions> ReadIndexOptions() const;
  Status WriteIndexOptions(const IndexOptions& options);
  /// Text-query embeddings, one after the other; empty when none were ever written.
  Result<std::vector<float>> ReadTrainingQueries() const;
  Status WriteTrainingQueries(const std::vector<float>& queries);

  /// None when none were ever written.
  Result<CollectionSettings> ReadSettings() const;
  Status WriteSettings(const CollectionSettings& settings);

  /// The vectors of units as they were at epoch `at`; nullopt for those that are gone or were written again since.
  Result<std::vector<std::optional<std::vector<UnitVector>>>> GetVectors(std::span<const UnitId> ids, Epoch at) const;

  /// Checksums and all references between records, as they were at `moment`. Findings go into the report.
  /// Errors: kCancelled, kDeadlineExceeded, kResourceExhausted, kUnavailable.
  Status Verify(const Moment& moment, const Limits& limits, VerifyReport& report) const;

 private:
  class Impl;
  explicit RocksDbRecordStore(std::unique_ptr<Impl> impl);
  static Result<std::unique_ptr<RocksDbRecordStore>> Load(std::unique_ptr<Impl> impl);

  CollectionConfig config_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sightline::storage
