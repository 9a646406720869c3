// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/item_kind.h"

#include <cmath>

#include "base/check.h"

namespace sightline::indexer {
namespace {

UnitType UnitTypeOf(ItemKind kind) {
  switch (kind) {
    case ItemKind::kPicture:
    case ItemKind::kVector:  // What an import gives it unless told otherwise; only the unit knows.
      return UnitType::kImage;
    case ItemKind::kVideo:
      return UnitType::kClip;
    case ItemKind::kCaption:
      return UnitType::kText;
  }
  CheckFailed("UnitTypeOf: not an ItemKind", __FILE__, __LINE__);
}

}  // namespace

std::string_view NameOf(ItemKind kind) {
  switch (kind) {
    case ItemKind::kPicture:
      return "picture";
    case ItemKind::kVideo:
      return "video";
    case ItemKind::kCaption:
      return "caption";
    case ItemKind::kVector:
      return "vector";
  }
  return "unknown";
}

ItemKind KindOf(const storage::ItemRecord& item) {
  if (item.width == 0) return CaptionWords(item.metadata) != nullptr ? ItemKind::kCaption : ItemKind::kVector;
  const bool has_clips = item.metadata.contains(metadata_key::kClipsPlanned);
  return has_clips || item.units.size() > 1 ? ItemKind::kVideo : ItemKind::kPicture;
}

bool ItemMatches(const Filter& filter, const storage::ItemRecord& item) {
  return Matches(filter, UnitTypeOf(KindOf(item)), item.paths.front().path, item.metadata);
}

const std::string* CaptionWords(const Metadata& metadata) {
  return FirstValue<std::string>(metadata, metadata_key::kText);
}

std::optional<int64_t> DurationUs(const Metadata& metadata) {
  const double* seconds = FirstValue<double>(metadata, metadata_key::kDuration);
  if (seconds == nullptr || !(*seconds >= 0 && *seconds < 1e9)) return std::nullopt;
  return std::llround(*seconds * 1e6);
}

}  // namespace sightline::indexer
