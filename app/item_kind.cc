// SPDX-License-Identifier: BSD-3-Clause
#include "app/item_kind.h"

#include <fmt/format.h>

#include "app/text.h"

namespace sightline::app {

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
