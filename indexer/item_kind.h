// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/filter.h"
#include "base/metadata.h"
#include "storage/records.h"

namespace sightline::indexer {

/// What an item is to a person.
enum class ItemKind { kPicture, kVideo, kCaption, kVector };

/// "picture", "video", "caption", "vector".
std::string_view NameOf(ItemKind kind);

/// A caption or vector has no size in pixels, and a caption has words; a video has a duration or several clips.
ItemKind KindOf(const storage::ItemRecord& item);

/// Decides a filter for a whole item: its type is that of its units.
bool ItemMatches(const Filter& filter, const storage::ItemRecord& item);

/// The words of a caption, or null.
const std::string* CaptionWords(const Metadata& metadata);

/// Of a video; nothing when it is not known.
std::optional<int64_t> DurationUs(const Metadata& metadata);

}  // namespace sightline::indexer
