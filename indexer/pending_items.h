// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// Items as they will be once the batch in the making is committed: what the batch changes, over what is stored.
/// Confined to one thread, which is the collection's only writer.
class PendingItems {
 public:
  struct Entry {
    storage::ItemRecord record;
    bool changed = false;  ///< Goes into the commit: is put, or removed when no path is left.
  };

  /// The collection must outlive it.
  explicit PendingItems(storage::Collection& collection) : collection_(collection) {}

  // Null for no item. What they return stays valid until Take. Errors: those of RecordStore.
  Result<Entry*> FindByPath(const std::string& path);
  Result<Entry*> FindByHash(const storage::ContentHash& hash);

  /// Gives `record` a new id and makes it an item. Whoever calls names its paths and its hash. Errors: those of
  /// Collection::AllocateIds.
  Result<Entry*> Add(storage::ItemRecord record);

  /// From now on the item with this path or this content; the id 0: none any more.
  void SetPath(const std::string& path, ItemId id) { paths_[path] = id; }
  void SetHash(const storage::ContentHash& hash, ItemId id) { hashes_[hash] = id; }
  /// Takes the path from the entry.
  void DetachPath(Entry& entry, const std::string& path);

  /// Gives the units new ids and puts them behind those that the entry has. Errors: those of Collection::AllocateIds.
  Status AddUnits(Entry& entry, std::vector<storage::NewUnit> units);
  /// Drops the units that the entry has, also those of this batch.
  void ClearUnits(Entry& entry);

  /// The changes since the last call; nothing is pending any more. They must be committed before anything else is asked
  /// for.
  storage::WriteSet Take();

  bool empty() const { return items_.empty() && units_.empty(); }

 private:
  Result<Entry*> Load(ItemId id);

  storage::Collection& collection_;
  std::map<ItemId, Entry> items_;
  std::unordered_map<std::string, ItemId> paths_;
  std::map<storage::ContentHash, ItemId> hashes_;
  std::vector<storage::NewUnit> units_;
};

}  // namespace sightline::indexer
