// SPDX-License-Identifier: BSD-3-Clause
#include "base/types.h"

#include "base/check.h"

namespace sightline {

std::string_view NameOf(UnitType type) {
  switch (type) {
    case UnitType::kImage:
      return "image";
    case UnitType::kClip:
      return "clip";
    case UnitType::kText:
      return "text";
  }
  CheckFailed("NameOf: not a UnitType", __FILE__, __LINE__);
}

std::optional<UnitType> UnitTypeFromName(std::string_view name) {
  for (UnitType type : {UnitType::kImage, UnitType::kClip, UnitType::kText}) {
    if (NameOf(type) == name) return type;
  }
  return std::nullopt;
}

}  // namespace sightline
