// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include <rocksdb/write_batch.h>

#include "base/result.h"
#include "storage/index_records.h"
#include "storage/record_codec.h"
#include "storage/record_db_internal.h"
#include "storage/record_store.h"

namespace sightline::storage {

/// Turns a WriteSet, which passed CheckWriteSet, into one RocksDB batch that keeps items, units, lookups and counts in
/// step. Used once, by the only writer.
class CommitBuilder {
 public:
  /// @param log_changes  note every unit put or dropped in the change log.
  CommitBuilder(const RecordDb& db, const WriteSet& changes, const CollectionState& before, bool log_changes)
      : db_(db), changes_(changes), log_changes_(log_changes), state_(before) {
    ++state_.epoch.value;
  }

  /// Reads what the changes touch, checks them against it and fills the batch.
  /// Errors: kInvalidArgument, and read errors.
  Status Build();

  rocksdb::WriteBatch& batch() { return batch_; }
  const CollectionState& after() const { return state_; }
  /// Units that exist no more, in order of id.
  const std::vector<UnitId>& dropped_units() const { return dropped_; }

 private:
  Status LoadItems();
  Status LoadUnits();
  Status CheckUnits() const;
  Status CheckListed(const ItemRecord& item) const;
  Status CheckNames() const;
  Status CheckName(Family family, const std::string& key, ItemId item, std::string_view name) const;

  void DropOldItems();
  void DropUnit(UnitId id);
  void PutItem(const ItemRecord& item);
  void ReplaceTerms(const std::vector<std::string>& before, const std::vector<std::string>& after);
  void PutUnit(const NewUnit& unit);
  void Forget(const StoredUnit& unit);
  void Log(UnitId unit, UnitChange change);

  void Put(Family family, const std::string& key, const std::string& value);
  void Delete(Family family, const std::string& key);

  const RecordDb& db_;
  const WriteSet& changes_;
  const bool log_changes_;
  CollectionState state_;
  rocksdb::WriteBatch batch_;

  std::unordered_map<ItemId, ItemRecord> old_items_;    ///< Before the commit, of every item that it names.
  std::unordered_map<UnitId, StoredUnit> old_units_;    ///< Before the commit, of every unit put or dropped.
  std::unordered_map<ItemId, const ItemRecord*> puts_;  ///< The items of `changes_`.
  std::unordered_map<UnitId, ItemId> put_units_;        ///< The units of `changes_`.
  std::vector<ItemId> removed_;                         ///< Those that exist.
  std::vector<UnitId> dropped_;
};

}  // namespace sightline::storage
