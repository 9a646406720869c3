// SPDX-License-Identifier: BSD-3-Clause
#include "storage/write_checks.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

namespace sightline::storage {
namespace {

constexpr uint32_t kMaxDim = 65'536;

template <typename Tag>
std::string Name(std::string_view kind, Id<Tag> id) {
  return std::string(kind) + " " + std::to_string(id.value);
}

tl::unexpected<Error> Invalid(std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); }

Status CheckVectors(const UnitRecord& unit, uint32_t dim) {
  if (unit.vectors.empty()) return Invalid(Name("unit", unit.id) + " has no embedding");
  for (size_t i = 0; i < unit.vectors.size(); ++i) {
    const UnitVector& vector = unit.vectors[i];
    if (vector.embedding.size() != dim) {
      return Invalid(Name("unit", unit.id) + " has an embedding of " + std::to_string(vector.embedding.size()) +
                     " values; the collection's have " + std::to_string(dim));
    }
    if (!std::all_of(vector.embedding.begin(), vector.embedding.end(), [](float x) { return std::isfinite(x); })) {
      return Invalid(Name("unit", unit.id) + " has an embedding with a value that is not finite");
    }
    if (vector.frame_time_us.has_value() != (i != 0)) {
      return Invalid(Name("unit", unit.id) + ": the first vector is the unit's own, every other one is a frame's");
    }
  }
  return {};
}

Status CheckTokens(UnitId unit, const TokenMatrix& tokens, PatchStorage storage) {
  if (storage == PatchStorage::kNone) {
    return Invalid(Name("unit", unit) + " brings tokens to a collection that stores none");
  }
  const TokenFormat wanted = storage == PatchStorage::kInt8 ? TokenFormat::kInt8 : TokenFormat::kFp16;
  if (tokens.format != wanted) {
    return Invalid(Name("unit", unit) + " has tokens as " + std::string(sightline::NameOf(tokens.format)) +
                   "; the collection stores " + std::string(NameOf(storage)));
  }
  if (tokens.tokens == 0 || tokens.width == 0) return Invalid(Name("unit", unit) + " has tokens without elements");
  const size_t scales = wanted == TokenFormat::kInt8 ? tokens.tokens : 0;
  if (tokens.scales.size() != scales ||
      tokens.size_bytes() != TokenMatrixBytes(tokens.tokens, tokens.width, tokens.format)) {
    return Invalid(Name("unit", unit) + " has tokens whose size is not that of their shape");
  }
  return {};
}

Status CheckUnits(const WriteSet& changes, const CollectionConfig& config) {
  std::unordered_set<UnitId> seen;
  for (const NewUnit& unit : changes.put_units) {
    if (!unit.record.id || !unit.record.item) return Invalid("a unit without an id or without an item");
    if (!seen.insert(unit.record.id).second) return Invalid(Name("unit", unit.record.id) + " is put twice");
    SL_RETURN_IF_ERROR(CheckVectors(unit.record, config.dim));
    if (unit.tokens) SL_RETURN_IF_ERROR(CheckTokens(unit.record.id, *unit.tokens, config.patch_storage));
  }
  return {};
}

/// What must be unique over all items of one commit.
struct SeenNames {
  std::unordered_set<ItemId> items;
  std::unordered_set<UnitId> units;
  std::unordered_set<std::string_view> paths;
  std::set<ContentHash> hashes;
};

Status CheckItem(const ItemRecord& item, SeenNames& seen) {
  if (!item.id) return Invalid("an item without an id");
  const std::string name = Name("item", item.id);
  if (!seen.items.insert(item.id).second) return Invalid(name + " is put twice, or put and removed");
  if (item.paths.empty()) return Invalid(name + " has no path");
  for (const ItemPath& path : item.paths) {
    if (path.path.empty()) return Invalid(name + " has an empty path");
    if (!seen.paths.insert(path.path).second) return Invalid(name + ": the path is listed twice: " + path.path);
  }
  for (UnitId unit : item.units) {
    if (!unit || !seen.units.insert(unit).second) return Invalid(name + ": " + Name("unit", unit) + " is listed twice");
  }
  if (IsSet(item.hash) && !seen.hashes.insert(item.hash).second) {
    return Invalid(name + " has the content of another item of the same commit");
  }
  if (item.width < 0 || item.height < 0) return Invalid(name + " has a negative size");
  return {};
}

}  // namespace

Status CheckConfig(const CollectionConfig& config) {
  if (config.dim < 1 || config.dim > kMaxDim) {
    return Invalid("dim " + std::to_string(config.dim) + " is not within 1.." + std::to_string(kMaxDim));
  }
  switch (config.patch_storage) {
    case PatchStorage::kInt8:
    case PatchStorage::kFp16:
    case PatchStorage::kNone:
      return {};
  }
  return Invalid("unknown patch storage " + std::to_string(static_cast<int>(config.patch_storage)));
}

Status CheckWriteSet(const WriteSet& changes, const CollectionConfig& config) {
  SeenNames seen;
  seen.items.insert(changes.remove_items.begin(), changes.remove_items.end());
  for (const ItemRecord& item : changes.put_items) SL_RETURN_IF_ERROR(CheckItem(item, seen));
  SL_RETURN_IF_ERROR(CheckUnits(changes, config));
  if (changes.put_job && !changes.put_job->id) return Invalid("a job without an id");
  if (changes.put_job && changes.put_job->errors.size() > kMaxJobErrors) {
    return Invalid(Name("job", changes.put_job->id) + " lists more than " + std::to_string(kMaxJobErrors) + " errors");
  }
  return {};
}

bool IsSet(const ContentHash& hash) { return hash != ContentHash{}; }

}  // namespace sightline::storage
