// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/item_joiner.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "indexer/item_metadata.h"
#include "storage/write_checks.h"

namespace sightline::indexer {
namespace {

using storage::ItemPath;
using storage::ItemRecord;

ItemPath* PathIn(ItemRecord& item, const std::string& path) {
  const auto it = std::find_if(item.paths.begin(), item.paths.end(), [&](const ItemPath& p) { return p.path == path; });
  return it == item.paths.end() ? nullptr : &*it;
}

/// Whether the units that an interrupted run left here are the first ones of those that are brought.
bool Continues(const ItemRecord& here, const ItemRecord& brought) {
  return ClipsPlanned(here) == ClipsPlanned(brought) && here.units.size() < brought.units.size();
}

}  // namespace

Result<Resolution> ItemJoiner::Join(const ItemRecord& brought, size_t max_units, const ReadUnits& read) {
  SL_ASSIGN_OR_RETURN(Entry* const same, FindSame(brought));
  if (same != nullptr) return JoinSame(*same, brought, max_units, read);
  bool updates = false;
  SL_ASSIGN_OR_RETURN(std::vector<ItemPath> paths, WinPaths(brought, nullptr, updates));
  if (paths.empty()) return Resolution::kUnchanged;
  SL_ASSIGN_OR_RETURN(Entry* const added, AddItem(brought, std::move(paths)));
  SL_ASSIGN_OR_RETURN(const Resolution resolution, BringUnits(*added, brought, max_units, read));
  return updates && resolution == Resolution::kAdded ? Resolution::kUpdated : resolution;
}

Result<Resolution> ItemJoiner::JoinSame(Entry& same, const ItemRecord& brought, size_t max_units,
                                        const ReadUnits& read) {
  if (!IsComplete(same.record) && Continues(same.record, brought)) return BringUnits(same, brought, max_units, read);
  bool updates = false;
  SL_ASSIGN_OR_RETURN(std::vector<ItemPath> paths, WinPaths(brought, &same, updates));
  if (paths.empty()) return Resolution::kUnchanged;
  for (ItemPath& path : paths) {
    pending_.SetPath(path.path, same.record.id);
    // An incomplete video must be looked at again, wherever it lies.
    if (!IsComplete(same.record)) path.mtime_ns = 0;
    same.record.paths.push_back(std::move(path));
  }
  same.changed = true;
  return Resolution::kDuplicate;
}

// The item here that has the content; without a content hash, the one that has the first path and none either.
Result<ItemJoiner::Entry*> ItemJoiner::FindSame(const ItemRecord& brought) {
  if (storage::IsSet(brought.hash)) return pending_.FindByHash(brought.hash);
  if (brought.paths.empty()) return nullptr;
  SL_ASSIGN_OR_RETURN(Entry* const found, pending_.FindByPath(brought.paths[0].path));
  return found != nullptr && !storage::IsSet(found->record.hash) ? found : nullptr;
}

// The brought paths that `same` (null: a new item) gets: those that nobody has here, and those of other content that
// was changed before, which lose them.
Result<std::vector<ItemPath>> ItemJoiner::WinPaths(const ItemRecord& brought, const Entry* same, bool& updates) {
  std::vector<ItemPath> won;
  for (const ItemPath& path : brought.paths) {
    SL_ASSIGN_OR_RETURN(Entry* const owner, pending_.FindByPath(path.path));
    if (owner != nullptr) {
      if (owner == same) continue;
      const ItemPath* const held = PathIn(owner->record, path.path);
      if (held != nullptr && path.mtime_ns <= held->mtime_ns) continue;
      Detach(*owner, path.path);
      updates = true;
    }
    won.push_back(path);
  }
  return won;
}

// Adds units behind those that the entry has, all of them or, of a video, the next `max_units`.
Result<Resolution> ItemJoiner::BringUnits(Entry& entry, const ItemRecord& brought, size_t max_units,
                                          const ReadUnits& read) {
  const size_t first = entry.record.units.size();
  const size_t rest = brought.units.size() - first;
  const bool in_parts = ClipsPlanned(brought) >= brought.units.size() && ClipsPlanned(brought) > 0;
  const size_t count = in_parts ? std::min(rest, max_units) : rest;
  SL_ASSIGN_OR_RETURN(std::vector<storage::NewUnit> units, read(first, count));
  if (units.size() != count) return Fail(ErrorCode::kCorruption, "an item lists a unit that is not there");
  SL_RETURN_IF_ERROR(pending_.AddUnits(entry, std::move(units)));
  for (ItemPath& path : entry.record.paths) {
    const auto known = std::find_if(brought.paths.begin(), brought.paths.end(),
                                    [&](const ItemPath& p) { return p.path == path.path; });
    if (known != brought.paths.end()) path.mtime_ns = IsComplete(entry.record) ? known->mtime_ns : 0;
  }
  return count < rest ? Resolution::kUnfinished : Resolution::kAdded;
}

Result<ItemJoiner::Entry*> ItemJoiner::AddItem(const ItemRecord& brought, std::vector<ItemPath> paths) {
  ItemRecord record = brought;
  record.paths = std::move(paths);
  record.units.clear();
  SL_ASSIGN_OR_RETURN(Entry* const added, pending_.Add(std::move(record)));
  for (const ItemPath& path : added->record.paths) pending_.SetPath(path.path, added->record.id);
  if (storage::IsSet(brought.hash)) pending_.SetHash(brought.hash, added->record.id);
  return added;
}

void ItemJoiner::Detach(Entry& entry, const std::string& path) {
  pending_.DetachPath(entry, path);
  if (entry.record.paths.empty() && storage::IsSet(entry.record.hash)) pending_.SetHash(entry.record.hash, ItemId{});
}

}  // namespace sightline::indexer
