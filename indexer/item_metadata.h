// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include "base/metadata.h"
#include "base/sha256.h"
#include "storage/records.h"

namespace sightline::indexer {

// Note [Whose metadata]
// An item's metadata comes from two sides: its content (EXIF, a video's duration) and the input that named it (a
// manifest, a tar companion). The input wins. They are stored as one map, so what the input says next time replaces
// every key that is not one of the content's; the keys below are the content's. Only the entry of an item's first path
// speaks for it: two files with the same content and different metadata would otherwise take turns at every run.

/// Whether this key is one that an item's content fills.
bool IsContentKey(std::string_view key);

/// How many clips a video's item has when it is complete; 0 for other items.
size_t ClipsPlanned(const storage::ItemRecord& item);

/// Whether the item has all its units: false for a video whose indexing was interrupted.
bool IsComplete(const storage::ItemRecord& item);

/// The part of `stored` that the content does not fill.
Metadata WithoutContentKeys(const Metadata& stored);

/// The part of `stored` that the content fills.
Metadata ContentKeysOf(const Metadata& stored);

/// `below` with the keys of `above` in place of its own.
Metadata Overlay(Metadata below, const Metadata& above);

/// Feeds every key and value, with types and lengths, so that different metadata never look alike.
void HashMetadata(Sha256& sha, const Metadata& metadata);

}  // namespace sightline::indexer
