// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>

#include "base/result.h"
#include "encoder/encoder.h"
#include "indexer/indexer.h"
#include "indexer/preparer.h"
#include "indexer/reservoir.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// What all videos that a sample was drawn from cost together.
struct VideoCost {
  double videos = 0;  ///< Those that bring something new.
  double video_seconds = 0;
  double clips = 0;
  double decode_seconds = 0;  ///< Looking for scene cuts, decoding and scaling.
  double encode_seconds = 0;
};

/// Looks through videos of the sample for as long as that takes some seconds, decodes and encodes the beginnings of a
/// few, and draws conclusions about all of them: exact in the number of clips where the sample is all and the videos
/// are short; of a long video as if the rest were like its first half minute; of those that were not looked at as if
/// they were like the others, byte for byte. A video whose content is known, or that cannot be read, costs nothing. A
/// stop ends it early. Errors: those of RecordStore's reads.
Result<VideoCost> MeasureVideos(const Reservoir& videos, const Preparer& preparer, encoder::Encoder& encoder,
                                storage::PatchStorage patch_storage, const IndexOptions& options,
                                const std::stop_token& stop);

}  // namespace sightline::indexer
