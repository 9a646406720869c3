// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/pending_items.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sightline::indexer {

Result<PendingItems::Entry*> PendingItems::FindByPath(const std::string& path) {
  if (const auto it = paths_.find(path); it != paths_.end()) return Load(it->second);
  SL_ASSIGN_OR_RETURN(const std::optional<ItemId> id, collection_.records().FindItem(path));
  return Load(id.value_or(ItemId{}));
}

Result<PendingItems::Entry*> PendingItems::FindByHash(const storage::ContentHash& hash) {
  if (const auto it = hashes_.find(hash); it != hashes_.end()) return Load(it->second);
  SL_ASSIGN_OR_RETURN(const std::optional<ItemId> id, collection_.records().FindItem(hash));
  return Load(id.value_or(ItemId{}));
}

Result<PendingItems::Entry*> PendingItems::Add(storage::ItemRecord record) {
  SL_ASSIGN_OR_RETURN(const storage::AllocatedIds ids, collection_.AllocateIds(1, 0));
  record.id = ids.first_item;
  Entry& added = items_[ids.first_item];
  added.record = std::move(record);
  return &added;
}

void PendingItems::DetachPath(Entry& entry, const std::string& path) {
  std::erase_if(entry.record.paths, [&](const storage::ItemPath& known) { return known.path == path; });
  SetPath(path, ItemId{});
  entry.changed = true;
}

Status PendingItems::AddUnits(Entry& entry, std::vector<storage::NewUnit> units) {
  SL_ASSIGN_OR_RETURN(const storage::AllocatedIds ids, collection_.AllocateIds(0, units.size()));
  for (size_t i = 0; i < units.size(); ++i) {
    units[i].record.id = UnitId{ids.first_unit.value + i};
    units[i].record.item = entry.record.id;
    entry.record.units.push_back(units[i].record.id);
    units_.push_back(std::move(units[i]));
  }
  entry.changed = true;
  return {};
}

void PendingItems::ClearUnits(Entry& entry) {
  std::erase_if(units_, [&](const storage::NewUnit& unit) { return unit.record.item == entry.record.id; });
  entry.record.units.clear();
  entry.changed = true;
}

storage::WriteSet PendingItems::Take() {
  storage::WriteSet changes;
  for (auto& [id, entry] : items_) {
    if (!entry.changed) continue;
    if (!entry.record.paths.empty()) {
      changes.put_items.push_back(std::move(entry.record));
      continue;
    }
    changes.remove_items.push_back(id);
    std::erase_if(units_, [id = id](const storage::NewUnit& unit) { return unit.record.item == id; });
  }
  changes.put_units = std::exchange(units_, {});
  items_.clear();
  paths_.clear();
  hashes_.clear();
  return changes;
}

Result<PendingItems::Entry*> PendingItems::Load(ItemId id) {
  if (!id) return nullptr;
  if (const auto it = items_.find(id); it != items_.end()) return &it->second;
  SL_ASSIGN_OR_RETURN(auto items, collection_.records().GetItems(std::span(&id, 1)));
  if (items.size() != 1 || !items[0]) return nullptr;
  return &items_.emplace(id, Entry{*std::move(items[0]), false}).first->second;
}

}  // namespace sightline::indexer
