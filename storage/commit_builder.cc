// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <set>
#include <unordered_set>

#include "storage/commit_builder_internal.h"
#include "storage/term_keys.h"
#include "storage/write_checks.h"

namespace sightline::storage {
namespace {

tl::unexpected<Error> Invalid(std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); }

std::string HashKey(const ContentHash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

bool Lists(const ItemRecord& item, UnitId unit) {
  return std::find(item.units.begin(), item.units.end(), unit) != item.units.end();
}

bool HasPath(const ItemRecord& item, const std::string& path) {
  return std::any_of(item.paths.begin(), item.paths.end(), [&path](const ItemPath& p) { return p.path == path; });
}

}  // namespace

Status CommitBuilder::Build() {
  SL_RETURN_IF_ERROR(LoadItems());
  SL_RETURN_IF_ERROR(LoadUnits());
  SL_RETURN_IF_ERROR(CheckUnits());
  SL_RETURN_IF_ERROR(CheckNames());
  // Names are given up before they are taken: within one batch the later write of a key wins.
  DropOldItems();
  for (const ItemRecord& item : changes_.put_items) PutItem(item);
  for (const NewUnit& unit : changes_.put_units) PutUnit(unit);
  if (changes_.put_job) Put(Family::kJobs, EncodeIdKey(changes_.put_job->id.value), EncodeJob(*changes_.put_job));
  Put(Family::kMeta, std::string(kStateKey), EncodeState(state_));
  return {};
}

Status CommitBuilder::LoadItems() {
  std::set<ItemId> ids(changes_.remove_items.begin(), changes_.remove_items.end());
  const std::vector<ItemId> to_remove(ids.begin(), ids.end());
  for (const ItemRecord& item : changes_.put_items) {
    puts_[item.id] = &item;
    ids.insert(item.id);
  }
  for (const NewUnit& unit : changes_.put_units) ids.insert(unit.record.item);
  const std::vector<ItemId> order(ids.begin(), ids.end());
  SL_RETURN_IF_ERROR(
      db_.GetMany(Family::kItems, EncodeIdKeys(order), nullptr, [&](size_t i, std::string_view value) -> Status {
        SL_ASSIGN_OR_RETURN(old_items_[order[i]], DecodeItem(order[i], value));
        return {};
      }));
  for (ItemId id : to_remove) {
    if (old_items_.count(id) != 0) removed_.push_back(id);
  }
  return {};
}

Status CommitBuilder::LoadUnits() {
  std::set<UnitId> ids;
  for (ItemId id : removed_) ids.insert(old_items_.at(id).units.begin(), old_items_.at(id).units.end());
  for (const auto& [id, item] : puts_) {
    const auto old = old_items_.find(id);
    if (old == old_items_.end()) continue;
    for (UnitId unit : old->second.units) {
      if (!Lists(*item, unit)) ids.insert(unit);
    }
  }
  dropped_.assign(ids.begin(), ids.end());
  for (const NewUnit& unit : changes_.put_units) {
    put_units_[unit.record.id] = unit.record.item;
    ids.insert(unit.record.id);
  }
  const std::vector<UnitId> order(ids.begin(), ids.end());
  return db_.GetMany(Family::kUnits, EncodeIdKeys(order), nullptr, [&](size_t i, std::string_view value) -> Status {
    SL_ASSIGN_OR_RETURN(old_units_[order[i]], DecodeUnit(order[i], value));
    return {};
  });
}

Status CommitBuilder::CheckUnits() const {
  for (const ItemRecord& item : changes_.put_items) SL_RETURN_IF_ERROR(CheckListed(item));
  const std::unordered_set<ItemId> removed(removed_.begin(), removed_.end());
  for (const auto& [unit, item] : put_units_) {
    const std::string name = "unit " + std::to_string(unit.value);
    const auto old_unit = old_units_.find(unit);
    if (old_unit != old_units_.end() && old_unit->second.record.item != item) {
      return Invalid(name + " belongs to another item");
    }
    const auto put = puts_.find(item);
    const auto old = old_items_.find(item);
    const ItemRecord* owner = put != puts_.end() ? put->second : old != old_items_.end() ? &old->second : nullptr;
    if (owner == nullptr || removed.count(item) != 0 || !Lists(*owner, unit)) {
      return Invalid(name + ": item " + std::to_string(item.value) + " does not list it");
    }
  }
  return {};
}

Status CommitBuilder::CheckListed(const ItemRecord& item) const {
  const auto old = old_items_.find(item.id);
  for (UnitId unit : item.units) {
    const auto put = put_units_.find(unit);
    const bool is_new = put != put_units_.end() && put->second == item.id;
    const bool is_kept = put == put_units_.end() && old != old_items_.end() && Lists(old->second, unit);
    if (!is_new && !is_kept) {
      return Invalid("item " + std::to_string(item.id.value) + " lists unit " + std::to_string(unit.value) +
                     ", which is not its");
    }
  }
  return {};
}

Status CommitBuilder::CheckNames() const {
  for (const ItemRecord& item : changes_.put_items) {
    for (const ItemPath& path : item.paths) {
      SL_RETURN_IF_ERROR(CheckName(Family::kPaths, path.path, item.id, "path " + path.path));
    }
    if (IsSet(item.hash)) SL_RETURN_IF_ERROR(CheckName(Family::kHashes, HashKey(item.hash), item.id, "content"));
  }
  return {};
}

Status CommitBuilder::CheckName(Family family, const std::string& key, ItemId item, std::string_view name) const {
  SL_ASSIGN_OR_RETURN(const auto value, db_.Get(family, key));
  if (!value) return {};
  SL_ASSIGN_OR_RETURN(const ItemId owner, DecodeLookup(*value));
  if (owner == item) return {};
  // The owner may give the name up in this very commit.
  const auto old = old_items_.find(owner);
  const auto put = puts_.find(owner);
  bool keeps = old == old_items_.end();
  if (put != puts_.end()) {
    keeps = family == Family::kPaths ? HasPath(*put->second, key) : HashKey(put->second->hash) == key;
  } else if (!keeps) {
    keeps = std::find(removed_.begin(), removed_.end(), owner) == removed_.end();
  }
  if (!keeps) return {};
  return Invalid("item " + std::to_string(item.value) + ": item " + std::to_string(owner.value) + " has the " +
                 std::string(name));
}

void CommitBuilder::DropOldItems() {
  for (ItemId id : removed_) {
    const ItemRecord& old = old_items_.at(id);
    for (const ItemPath& path : old.paths) Delete(Family::kPaths, path.path);
    if (IsSet(old.hash)) Delete(Family::kHashes, HashKey(old.hash));
    Delete(Family::kItems, EncodeIdKey(id.value));
    ReplaceTerms(TermKeysOf(old), {});
    --state_.items;
  }
  for (const ItemRecord& item : changes_.put_items) {
    const auto found = old_items_.find(item.id);
    if (found == old_items_.end()) continue;
    for (const ItemPath& path : found->second.paths) {
      if (!HasPath(item, path.path)) Delete(Family::kPaths, path.path);
    }
    if (IsSet(found->second.hash) && found->second.hash != item.hash) {
      Delete(Family::kHashes, HashKey(found->second.hash));
    }
  }
  for (UnitId unit : dropped_) DropUnit(unit);
}

void CommitBuilder::DropUnit(UnitId id) {
  const std::string key = EncodeIdKey(id.value);
  for (Family family : {Family::kUnits, Family::kVectors, Family::kPatches, Family::kThumbnails}) Delete(family, key);
  Log(id, UnitChange::kDropped);
  const auto old = old_units_.find(id);
  if (old != old_units_.end()) Forget(old->second);
}

void CommitBuilder::Forget(const StoredUnit& unit) {
  --state_.units;
  state_.vectors -= unit.vector_count;
  state_.token_bytes -= unit.token_bytes;
  state_.thumbnail_bytes -= unit.thumbnail_bytes;
}

void CommitBuilder::PutItem(const ItemRecord& item) {
  const auto old = old_items_.find(item.id);
  if (old == old_items_.end()) ++state_.items;
  ReplaceTerms(old == old_items_.end() ? std::vector<std::string>() : TermKeysOf(old->second), TermKeysOf(item));
  Put(Family::kItems, EncodeIdKey(item.id.value), EncodeItem(item));
  const std::string lookup = EncodeLookup(item.id);
  for (const ItemPath& path : item.paths) Put(Family::kPaths, path.path, lookup);
  if (IsSet(item.hash)) Put(Family::kHashes, HashKey(item.hash), lookup);
}

void CommitBuilder::ReplaceTerms(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  // Items are often put again with the same metadata, which then costs nothing here.
  for (const std::string& key : before) {
    if (!std::binary_search(after.begin(), after.end(), key)) Delete(Family::kTerms, key);
  }
  for (const std::string& key : after) {
    if (!std::binary_search(before.begin(), before.end(), key)) Put(Family::kTerms, key, "");
  }
}

void CommitBuilder::PutUnit(const NewUnit& unit) {
  const std::string key = EncodeIdKey(unit.record.id.value);
  const auto old = old_units_.find(unit.record.id);
  if (old != old_units_.end()) {
    Forget(old->second);
    Delete(Family::kPatches, key);
    Delete(Family::kThumbnails, key);
  }
  Put(Family::kUnits, key, EncodeUnit(unit, state_.epoch));
  Put(Family::kVectors, key, EncodeVectors(unit.record.vectors));
  Log(unit.record.id, UnitChange::kPut);
  if (unit.tokens) Put(Family::kPatches, key, EncodeTokens(*unit.tokens));
  if (!unit.thumbnail.empty()) Put(Family::kThumbnails, key, EncodeThumbnail(unit.thumbnail));
  ++state_.units;
  state_.vectors += unit.record.vectors.size();
  state_.token_bytes += unit.tokens ? unit.tokens->size_bytes() : 0;
  state_.thumbnail_bytes += unit.thumbnail.size();
}

void CommitBuilder::Log(UnitId unit, UnitChange change) {
  if (log_changes_) Put(Family::kChanges, EncodeChangeKey(state_.epoch, unit), EncodeChange(change));
}

void CommitBuilder::Put(Family family, const std::string& key, const std::string& value) {
  // A batch in memory: it fails only for a family of another database.
  batch_.Put(db_.handle(family), key, value).PermitUncheckedError();
}

void CommitBuilder::Delete(Family family, const std::string& key) {
  batch_.Delete(db_.handle(family), key).PermitUncheckedError();
}

}  // namespace sightline::storage
