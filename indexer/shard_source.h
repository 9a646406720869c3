// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "indexer/input_sources.h"

namespace sightline::indexer {

/// Visits the samples of a webdataset shard, an uncompressed tar archive, in order. Members that lie side by side and
/// have the same key (the name up to the first dot behind the last slash) are one sample:
///
/// - every picture and video (HasMediaName) is an entry of its own, `<shard>#<member>`;
/// - `KEY.json` gives it metadata: values as in a manifest, others are left out; its "caption" is a caption;
/// - `KEY.cls` is the metadata key "cls", an integer or text;
/// - `KEY.txt` is a caption. Captions are entries named after the member that they come from; they describe the first
///   picture or video of the sample, or nothing where there is none.
///
/// Other members, and names that start with a dot, are ignored. A broken companion, a member that is cut off and a
/// second member with the name of an earlier one are entries with an error; the rest goes on. Keeps about 60 bytes per
/// member in memory, and one sample's companions.
/// @param shard  absolute, all links resolved.   @return whether it came to the end.
bool VisitShard(const std::filesystem::path& shard, const InputVisitor& visit);

}  // namespace sightline::indexer
