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
  SL_CHECK(items_.empty() && units_.empty());
  paths_.clear();
  hashes_.clear();
  wanted_.clear();
  for (const WorkItem& item : batch) {
    if (item.state == WorkState::kKnownContent) ++wanted_[item.hash];
  }
}

Result<Resolution> CommitPlanner::Plan(WorkItem& item) {
  if (auto it = wanted_.find(item.hash); it != wanted_.end() && --it->second == 0) wanted_.erase(it);
  SL_ASSIGN_OR_RETURN(Entry* const old, FindByPath(item.location.path));
  SL_ASSIGN_OR_RETURN(Entry* const target, FindByHash(item.hash));
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
    hashes_[old->record.hash] = ItemId{};
    old->record.paths[0] = item.location;
    SL_RETURN_IF_ERROR(StoreContent(*old, item));
    return Resolution::kUpdated;
  }
  if (old != nullptr) DetachPath(*old, item.location.path);
  SL_ASSIGN_OR_RETURN(const storage::AllocatedIds ids, collection_.AllocateIds(1, 0));
  Entry& added = items_[ids.first_item];
  added.record.id = ids.first_item;
  added.record.added_at = now_;
  added.record.paths.push_back(item.location);
  paths_[item.location.path] = ids.first_item;
  SL_RETURN_IF_ERROR(StoreContent(added, item));
  return old != nullptr ? Resolution::kUpdated : Resolution::kAdded;
}

// Clips for an item that is new, or that has only the clips before them.
Result<Resolution> CommitPlanner::PlanPart(WorkItem& item, Entry* old, Entry* target) {
  const size_t first_clip = item.video->first_clip;
  Resolution resolution = Resolution::kAdded;
  if (first_clip == 0 && target == nullptr) {
    SL_ASSIGN_OR_RETURN(resolution, PlanNew(item, old));
    SL_ASSIGN_OR_RETURN(target, FindByHash(item.hash));
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
  std::erase_if(units_, [&](const storage::NewUnit& unit) { return unit.record.item == record.id; });
  record.units.clear();
  SL_RETURN_IF_ERROR(AddUnits(entry, item));
  record.hash = item.hash;
  record.width = item.width;
  record.height = item.height;
  record.metadata = Overlay(std::move(item.content_metadata),
                            item.input.metadata ? *item.input.metadata : WithoutContentKeys(record.metadata));
  hashes_[record.hash] = record.id;
  return {};
}

// Gives the entry the item's units beside those that it has.
Status CommitPlanner::AddUnits(Entry& entry, WorkItem& item) {
  storage::ItemRecord& record = entry.record;
  SL_ASSIGN_OR_RETURN(const storage::AllocatedIds ids, collection_.AllocateIds(0, item.units.size()));
  for (size_t i = 0; i < item.units.size(); ++i) {
    storage::NewUnit& unit = item.units[i].stored;
    unit.record.id = UnitId{ids.first_unit.value + i};
    unit.record.item = record.id;
    record.units.push_back(unit.record.id);
    units_.push_back(std::move(unit));
  }
  item.units.clear();
  entry.changed = true;
  return {};
}

// What the source says about an item whose content stays.
void CommitPlanner::StoreSaid(Entry& entry, const WorkItem& item) {
  storage::ItemRecord& record = entry.record;
  if (!item.input.metadata || record.paths[0].path != item.location.path) return;
  record.metadata = Overlay(ContentKeysOf(record.metadata), *item.input.metadata);
}

void CommitPlanner::DetachPath(Entry& entry, const std::string& path) {
  std::erase_if(entry.record.paths, [&](const ItemPath& known) { return known.path == path; });
  paths_[path] = ItemId{};
  paths_seen_.erase(entry.record.id);
  entry.changed = true;
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
    paths_[gone->path] = ItemId{};
    *gone = location;
  } else {
    paths.push_back(location);
    paths_seen_[entry.record.id] = paths.size();
  }
  paths_[location.path] = entry.record.id;
  entry.changed = true;
  StoreSaid(entry, item);
  return moved ? Resolution::kMoved : Resolution::kDuplicate;
}

storage::WriteSet CommitPlanner::Take() {
  storage::WriteSet changes;
  for (auto& [id, entry] : items_) {
    if (!entry.changed) continue;
    if (!entry.record.paths.empty()) {
      changes.put_items.push_back(std::move(entry.record));
      continue;
    }
    changes.remove_items.push_back(id);
    paths_seen_.erase(id);
    std::erase_if(units_, [id = id](const storage::NewUnit& unit) { return unit.record.item == id; });
  }
  changes.put_units = std::exchange(units_, {});
  items_.clear();
  return changes;
}

Result<CommitPlanner::Entry*> CommitPlanner::FindByPath(const std::string& path) {
  if (const auto it = paths_.find(path); it != paths_.end()) return Load(it->second);
  SL_ASSIGN_OR_RETURN(const std::optional<ItemId> id, collection_.records().FindItem(path));
  return Load(id.value_or(ItemId{}));
}

Result<CommitPlanner::Entry*> CommitPlanner::FindByHash(const ContentHash& hash) {
  if (const auto it = hashes_.find(hash); it != hashes_.end()) return Load(it->second);
  SL_ASSIGN_OR_RETURN(const std::optional<ItemId> id, collection_.records().FindItem(hash));
  return Load(id.value_or(ItemId{}));
}

// Null for no item.
Result<CommitPlanner::Entry*> CommitPlanner::Load(ItemId id) {
  if (!id) return nullptr;
  if (const auto it = items_.find(id); it != items_.end()) return &it->second;
  SL_ASSIGN_OR_RETURN(auto items, collection_.records().GetItems(std::span(&id, 1)));
  if (items.size() != 1 || !items[0]) return nullptr;
  return &items_.emplace(id, Entry{*std::move(items[0]), false}).first->second;
}

}  // namespace sightline::indexer
