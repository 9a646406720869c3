// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace sightline::http {

/// Where a client gets the bytes of an item: paths of our own routes.

/// A small JPEG of the item, or of one of its units.
std::string ThumbnailUrl(std::string_view collection, ItemId item, std::optional<UnitId> unit = std::nullopt);
/// The file itself.
std::string MediaUrl(std::string_view collection, ItemId item);
/// The frame that a video shows at a time.
std::string FrameUrl(std::string_view collection, ItemId item, int64_t time_us);

}  // namespace sightline::http
