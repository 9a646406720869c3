// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "base/result.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// Replaces each video id of `set` by the name of its file in `folder`: the id with the extension of a video, the first
/// by name if there are several, or the id itself if a file has that name. What has no file stays as it is and will be
/// missing. Errors: kNotFound (no such folder), kUnavailable (cannot be listed).
Status FindVideoFiles(const std::filesystem::path& folder, RetrievalSet& set);

/// Whether a path of the set has the extension of a video.
bool NamesVideos(const RetrievalSet& set);

}  // namespace sightline::eval
