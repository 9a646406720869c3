// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "indexer/commit_planner.h"
#include "indexer/pending_items.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// Brings items of another collection, with the ids that they have there, into this one under new ids; sees both what
/// is stored and what the same batch changes. Confined to one thread, which holds Collection::change_mutex from the
/// first Join until what was taken is committed.
///
/// Note [Joining items]
/// - Content that is here already (the same content hash) is not brought again: its paths join the item that has it,
///   which keeps its own metadata. Of an interrupted video the clips that are missing here are brought.
/// - A path where other content lies here belongs to the one whose file was changed later; when that is unknown or
///   equal, what is here stays. An item that loses its last path this way goes, one that brings none stays out.
/// - Everything else comes as it is: paths, metadata, hash, units with tokens and thumbnails, when it was added.
///
/// So bringing the same items again changes nothing, and an interrupted run can be repeated.
class ItemJoiner {
 public:
  /// The collection must outlive the joiner.
  explicit ItemJoiner(storage::Collection& collection) : pending_(collection) {}

  /// Reads `count` units of an item from its `first` on, with everything that is stored beside them.
  using ReadUnits = std::function<Result<std::vector<storage::NewUnit>>(size_t first, size_t count)>;

  /// Plans one item. `read` is called only for units that are needed, at most once.
  /// @param max_units  of a video, which is brought in parts: kUnfinished asks to commit what was taken and to call
  /// Join with the same item again.
  /// @return kAdded, kUpdated (a path had other content here), kDuplicate (paths joined an item), kUnchanged,
  /// kUnfinished. Errors: those of RecordStore and of `read`.
  Result<Resolution> Join(const storage::ItemRecord& brought, size_t max_units, const ReadUnits& read);

  /// The changes since the last call. What was planned before must be committed before the next Join.
  storage::WriteSet Take() { return pending_.Take(); }

 private:
  using Entry = PendingItems::Entry;

  Result<Entry*> FindSame(const storage::ItemRecord& brought);
  Result<std::vector<storage::ItemPath>> WinPaths(const storage::ItemRecord& brought, const Entry* same, bool& updates);
  Result<Resolution> JoinSame(Entry& same, const storage::ItemRecord& brought, size_t max_units, const ReadUnits& read);
  Result<Resolution> BringUnits(Entry& entry, const storage::ItemRecord& brought, size_t max_units,
                                const ReadUnits& read);
  Result<Entry*> AddItem(const storage::ItemRecord& brought, std::vector<storage::ItemPath> paths);
  void Detach(Entry& entry, const std::string& path);

  PendingItems pending_;
};

}  // namespace sightline::indexer
