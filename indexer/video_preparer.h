// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>

#include "base/result.h"
#include "indexer/content_known.h"
#include "indexer/work_item.h"

namespace sightline::indexer {

/// Whether the entry's file is a video: by its name, and where that says neither picture nor video, or is a GIF's, by
/// its content. What cannot be read is none. Not for captions.
bool IsVideo(const InputEntry& entry);

/// Hashes a video's content and asks whether it is known: kKnownContent, kNewContent with `video` but without units
/// (VideoParts makes them), kFailed, or, after a stop request, kSkipped. Blocking I/O. Errors: those of `is_known`.
Status PrepareVideo(WorkItem& item, const ContentKnown& is_known, std::stop_token stop);

}  // namespace sightline::indexer
