// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/commit_planner.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "indexer/item_metadata.h"
#include "indexer/location.h"

namespace sightline::indexer {
namespace {

using storage::ContentHash;
using storage::ItemPath;

}  // namespace

void CommitPlanner::Begin(std::span<const WorkItem> batch) {
  SL_CHECK(pending_.empty());
  wanted_.clear();
  for (const WorkItem& item : batch) {
    if (item.state == WorkState::kKnownContent) ++wanted_[item.hash];
  }
}

Result<Resolution> CommitPlanner::Plan(WorkItem& item) {
  if (auto it = wanted_.find(item.hash); it != wanted_.end() && --it->second == 0) wanted_.erase(it);
  SL_ASSIGN_OR_RETURN(Entry* const old, pending_.FindByPath(item.location.path));
  SL_ASSIGN_OR_RETURN(Entry* const target, pending_.FindByHash(item.hash));
  const bool is_part = item.video && !item.units.empty();
  if (is_part && (target == nullptr || !IsComplete(target->record))) return PlanPart(item, old, target);
  if (target != nullptr) return PlanKnown(item, old, *target);
  if (item.units.empty()) return Resolution::kNeedsContent;
  return PlanNew(item, old);
}

Result<Resolution> CommitPlanner::PlanKnown(WorkItem& item, Entry* old, Entry& target) {
  if (old == &target) {
    auto& paths = target.record.paths;
    const auto it = std::find_if(paths.begin(), paths.end(),
                                 [&](const ItemPath& known) { return known.path == item.location.path; });
    if (it == paths.end()) return Fail(ErrorCode::kCorruption, item.location.path + ": path index without a path");
    *it = item.location;
    target.changed = true;
    StoreSaid(target, item);
    return Resolution::kUnchanged;
  }
  if (old != nullptr) DetachPath(*old, item.location.path);
  return AttachPath(target, item);
}

Result<Resolution> CommitPlanner::PlanNew(WorkItem& item, Entry* old) {
  if (old != nullptr && old->record.paths.size() == 1 && !wanted_.contains(old->record.hash)) {
    pending_.SetHash(old->record.hash, ItemId{});
    old->record.paths[0] = item.location;
    SL_RETURN_IF_ERROR(StoreContent(*old, item));
    return Resolution::kUpdated;
  }
  if (old != nullptr) DetachPath(*old, item.location.path);
  storage::ItemRecord record;
  record.added_at = now_;
  record.paths.push_back(item.location);
  SL_ASSIGN_OR_RETURN(Entry* const added, pending_.Add(std::move(record)));
  pending_.SetPath(item.location.path, added->record.id);
  SL_RETURN_IF_ERROR(StoreContent(*added, item));
  return old != nullptr ? Resolution::kUpdated : Resolution::kAdded;
}

// Clips for an item that is new, or that has only the clips before them.
Result<Resolution> CommitPlanner::PlanPart(WorkItem& item, Entry* old, Entry* target) {
  const size_t first_clip = item.video->first_clip;
  Resolution resolution = Resolution::kAdded;
  if (first_clip == 0 && target == nullptr) {
    SL_ASSIGN_OR_RETURN(resolution, PlanNew(item, old));
    SL_ASSIGN_OR_RETURN(target, pending_.FindByHash(item.hash));
  } else if (target != nullptr && (first_clip == 0 || first_clip == target->record.units.size())) {
    SL_RETURN_IF_ERROR(PlanKnown(item, old, *target));
    SL_RETURN_IF_ERROR(first_clip == 0 ? StoreContent(*target, item) : AddUnits(*target, item));
  } else {
    item.Fail("its first clips vanished while it was indexed");
    return Resolution::kUnfinished;
  }
  const ItemId id = target->record.id;
  if (IsComplete(target->record)) return updating_.erase(id) > 0 ? Resolution::kUpdated : resolution;
  if (resolution == Resolution::kUpdated) updating_.insert(id);
  return Resolution::kUnfinished;
}

// Gives the entry the item's content, and drops the units that it had.
Status CommitPlanner::StoreContent(Entry& entry, WorkItem& item) {
  storage::ItemRecord& record = entry.record;
  pending_.ClearUnits(entry);
  SL_RETURN_IF_ERROR(AddUnits(entry, item));
  record.hash = item.hash;
  record.width = item.width;
  record.height = item.height;
  record.metadata = Overlay(std::move(item.content_metadata),
                            item.input.metadata ? *item.input.metadata : WithoutContentKeys(record.metadata));
  pending_.SetHash(record.hash, record.id);
  return {};
}

// Gives the entry the item's units beside those that it has.
Status CommitPlanner::AddUnits(Entry& entry, WorkItem& item) {
  std::vector<storage::NewUnit> units;
  units.reserve(item.units.size());
  for (WorkUnit& unit : item.units) units.push_back(std::move(unit.stored));
  item.units.clear();
  return pending_.AddUnits(entry, std::move(units));
}

// What the source says about an item whose content stays.
void CommitPlanner::StoreSaid(Entry& entry, const WorkItem& item) {
  storage::ItemRecord& record = entry.record;
  if (!item.input.metadata || record.paths[0].path != item.location.path) return;
  record.metadata = Overlay(ContentKeysOf(record.metadata), *item.input.metadata);
}

void CommitPlanner::DetachPath(Entry& entry, const std::string& path) {
  pending_.DetachPath(entry, path);
  paths_seen_.erase(entry.record.id);
}

// Adds the path, in place of one that has vanished if there is one.
Resolution CommitPlanner::AttachPath(Entry& entry, const WorkItem& item) {
  const ItemPath& location = item.location;
  auto& paths = entry.record.paths;
  const size_t seen = std::min(paths_seen_[entry.record.id], paths.size());
  const auto gone = std::find_if(paths.begin() + static_cast<std::ptrdiff_t>(seen), paths.end(),
                                 [](const ItemPath& known) { return HasVanished(known.path); });
  const bool moved = gone != paths.end() || paths.empty();
  if (gone != paths.end()) {
    paths_seen_[entry.record.id] = static_cast<size_t>(gone - paths.begin()) + 1;
    pending_.SetPath(gone->path, ItemId{});
    *gone = location;
  } else {
    paths.push_back(location);
    paths_seen_[entry.record.id] = paths.size();
  }
  pending_.SetPath(location.path, entry.record.id);
  entry.changed = true;
  StoreSaid(entry, item);
  return moved ? Resolution::kMoved : Resolution::kDuplicate;
}

storage::WriteSet CommitPlanner::Take() {
  storage::WriteSet changes = pending_.Take();
  for (const ItemId id : changes.remove_items) paths_seen_.erase(id);
  return changes;
}

}  // namespace sightline::indexer
