// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>

#include "encoder/encoder.h"
#include "indexer/indexer.h"
#include "indexer/input_entry.h"
#include "indexer/preparer.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// What some videos together would cost.
struct VideoCost {
  uint64_t file_bytes = 0;
  double video_seconds = 0;
  double clips = 0;
  double decode_seconds = 0;  ///< Looking for scene cuts, decoding and scaling.
  double encode_seconds = 0;
};

/// Decodes and encodes the beginnings of `videos` and draws conclusions about the whole of them: exact for short
/// videos, for long ones as if the rest were like the beginning. What cannot be read costs nothing. A stop ends it
/// early.
VideoCost MeasureVideos(std::span<const InputEntry> videos, const Preparer& preparer, encoder::Encoder& encoder,
                        storage::PatchStorage patch_storage, const IndexOptions& options, std::stop_token stop);

}  // namespace sightline::indexer
