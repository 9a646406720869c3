// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "storage/record_codec.h"
#include "storage/record_db_internal.h"
#include "storage/rocksdb_record_store.h"
#include "storage/term_index_internal.h"

namespace sightline::storage {

struct RocksDbRecordStore::Moment {
  explicit Moment(rocksdb::DB* db) : held(db) {}
  const rocksdb::Snapshot* snapshot() const { return held.snapshot(); }

  mutable rocksdb::ManagedSnapshot held;  ///< Its only getter is not const.
};

/// All that knows RocksDB. Writes take `mutex`.
class RocksDbRecordStore::Impl {
 public:
  Impl(std::unique_ptr<RecordDb> opened, const OpenOptions& options);
  ~Impl();

  /// Writes, and remembers a failure: nothing is written after it.
  Status Write(rocksdb::WriteBatch& batch, bool sync);

  const std::unique_ptr<RecordDb> db;
  TermIndex terms;
  const bool sync_commits;
  std::mutex mutex;
  CollectionState state;
  IdCounters next;      ///< The first ids that were not given out.
  IdCounters reserved;  ///< As stored: the first ids that are not reserved.
  bool logs_changes = false;
  std::optional<Error> failure;
  std::atomic<uint64_t> newest{0};  ///< The epoch of the last commit that began to be written.
};

/// Adds a record of the family `meta` to a batch.
Status PutMeta(const RecordDb& db, rocksdb::WriteBatch& batch, std::string_view key, const std::string& value);

inline const rocksdb::Snapshot* SnapshotOf(const RocksDbRecordStore::Moment* moment) {
  return moment == nullptr ? nullptr : moment->snapshot();
}

/// The two halves of a stored unit as one. Errors: kCorruption (they do not fit together, or not the collection).
Result<UnitRecord> JoinUnit(StoredUnit unit, std::optional<std::vector<UnitVector>> vectors, uint32_t dim);

/// Calls `visit(id, bytes)` for every record of a family whose keys are ids, in their order, until it returns false or
/// fails.
Status Scan(const RecordDb& db, Family family, const rocksdb::Snapshot* snapshot,
            const std::function<Result<bool>(uint64_t, std::string_view)>& visit);
/// As Scan, for the ids behind `after`.
Status ScanAfter(const RecordDb& db, Family family, const rocksdb::Snapshot* snapshot, uint64_t after,
                 const std::function<Result<bool>(uint64_t, std::string_view)>& visit);

/// All units with their vectors, in order of id, until `visit` returns false.
Status ScanUnits(const RecordDb& db, const rocksdb::Snapshot* snapshot, uint32_t dim,
                 const std::function<bool(UnitRecord&&)>& visit);

/// Compares the terms with the items and calls `report` with a sentence for what is wrong. Errors: kCancelled,
/// kDeadlineExceeded and read errors.
Status VerifyTerms(const RecordDb& db, const rocksdb::Snapshot* snapshot, const Limits& limits,
                   const std::function<void(std::string)>& report);

/// RocksDbRecordStore::Verify.
Status VerifyRecords(const RecordDb& db, const rocksdb::Snapshot* snapshot, const Limits& limits, VerifyReport& report);

}  // namespace sightline::storage
