// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "indexer/pending_items.h"
#include "indexer/work_item.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// What a work item means to the collection.
enum class Resolution {
  kAdded,         ///< A new item.
  kUpdated,       ///< An item with this path has new content.
  kUnchanged,     ///< Same path, same content; at most size, time and what its source says are noted.
  kDuplicate,     ///< Known content at one more path.
  kMoved,         ///< Known content whose old path no longer exists.
  kUnfinished,    ///< Some clips of a video, whose item is not complete yet.
  kNeedsContent,  ///< Content that was known when the file was read is gone: read and encode it, then plan it again.
};

/// Turns the work items of a batch into one atomic change of the collection, seeing both what is stored and what the
/// same batch changes. Confined to one thread, which holds Collection::change_mutex from Begin until what was
/// taken is committed.
///
/// - An item whose path has new content keeps its id, unless it has other paths as well: then the content that is left
///   keeps it.
/// - An item that loses its last path is removed, unless a later file of the same batch has its content: so files that
///   swap names or move up by one are not encoded again.
class CommitPlanner {
 public:
  /// The collection must outlive the planner. @param now  seconds since 1970, for new items.
  CommitPlanner(storage::Collection& collection, int64_t now) : pending_(collection), now_(now) {}

  /// Begins a batch: what was planned before must be committed.
  void Begin(std::span<const WorkItem> batch);

  /// Plans one kKnownContent or encoded kNewContent item, or part of a video; takes its units. What a video means is
  /// said with its last part. A part whose predecessors are not in the collection becomes kFailed (and kUnfinished).
  /// Reads the collection and, to tell moved from
  /// duplicate, looks whether known paths still exist. Errors: those of RecordStore.
  Result<Resolution> Plan(WorkItem& item);

  /// The changes of the batch.
  storage::WriteSet Take();

 private:
  using Entry = PendingItems::Entry;

  Result<Resolution> PlanKnown(WorkItem& item, Entry* old, Entry& target);
  Result<Resolution> PlanNew(WorkItem& item, Entry* old);
  Result<Resolution> PlanPart(WorkItem& item, Entry* old, Entry* target);
  Status StoreContent(Entry& entry, WorkItem& item);
  Status AddUnits(Entry& entry, WorkItem& item);
  static void StoreSaid(Entry& entry, const WorkItem& item);
  void DetachPath(Entry& entry, const std::string& path);
  Resolution AttachPath(Entry& entry, const WorkItem& item);

  PendingItems pending_;
  const int64_t now_;
  std::map<storage::ContentHash, size_t> wanted_;  ///< Known content of files still to be planned, with their number.
  std::set<ItemId> updating_;  ///< Items whose old content was replaced by a video that is not complete yet.
  /// How many of an item's paths, from the first, are known to exist; over the whole run, so that many copies of one
  /// content do not cost a look at every path for every copy.
  std::unordered_map<ItemId, size_t> paths_seen_;
};

}  // namespace sightline::indexer
