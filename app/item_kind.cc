// SPDX-License-Identifier: BSD-3-Clause
#include "app/item_kind.h"

#include <cmath>

#include <fmt/format.h>

#include "app/text.h"
#include "base/check.h"

namespace sightline::app {
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

std::string DescribeItem(const storage::ItemRecord& item) {
  const ItemKind kind = KindOf(item);
  if (kind == ItemKind::kCaption || kind == ItemKind::kVector) return std::string(NameOf(kind));
  std::string out = fmt::format("{}x{}", item.width, item.height);
  if (kind == ItemKind::kPicture) return out;
  if (const auto duration = DurationUs(item.metadata)) out += ", " + ClockTime(*duration);
  out += fmt::format(", {} clip{}", item.units.size(), item.units.size() == 1 ? "" : "s");
  const int64_t* planned = FirstValue<int64_t>(item.metadata, metadata_key::kClipsPlanned);
  if (planned != nullptr && static_cast<uint64_t>(*planned) > item.units.size()) out += fmt::format(" of {}", *planned);
  return out;
}

}  // namespace sightline::app
