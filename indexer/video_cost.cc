// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/video_cost.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>
#include <span>

#include "indexer/encode_stage.h"
#include "indexer/video_parts.h"

namespace sightline::indexer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kScanUs = 30'000'000;  // of a video
constexpr size_t kClips = 4;             // of a video

// Videos differ much in how many clips they have, so many are looked through; how long a clip takes differs less.
constexpr size_t kScanAtLeast = 3;
constexpr size_t kEncode = 3;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Sums over the videos that were looked through.
struct Sums {
  uint64_t file_bytes = 0;    ///< Of all of them, whatever they bring.
  double plan_seconds = 0;    ///< As if they had been looked through to their ends.
  size_t clips_encoded = 0;   ///< Of those whose beginning was encoded.
  double decode_seconds = 0;  ///< Of the same clips, with scaling.
  double encode_seconds = 0;
  VideoCost all;
};

// Decodes and encodes the beginning of an opened video.
void EncodeBeginning(VideoParts& parts, encoder::Encoder& encoder, storage::PatchStorage patch_storage, Sums& sums) {
  WorkItem part = parts.Next();
  if (part.state != WorkState::kNewContent) return;
  sums.decode_seconds += part.video->times.decode_seconds + part.video->times.scale_seconds;
  sums.clips_encoded += part.units.size();
  WorkItem first = part;
  EncodeItems(encoder, patch_storage, std::span(&first, 1));  // the first call of a size is slower
  const auto start = Clock::now();
  EncodeItems(encoder, patch_storage, std::span(&part, 1));
  sums.encode_seconds += SecondsSince(start);
}

void LookThrough(const WorkItem& item, encoder::Encoder& encoder, storage::PatchStorage patch_storage,
                 const IndexOptions& options, const std::stop_token& stop, size_t& to_encode, Sums& sums) {
  const auto start = Clock::now();
  const auto parts = VideoParts::Open(item, encoder.info().config.vision.image_res, options, stop, {.end_us = kScanUs});
  if (!parts) return;
  const auto duration_us = static_cast<double>((*parts)->duration_us());
  sums.plan_seconds += SecondsSince(start) * std::max(1.0, duration_us / static_cast<double>(kScanUs));
  sums.all.videos += 1;
  sums.all.video_seconds += duration_us * 1e-6;
  sums.all.clips += (*parts)->ExpectedClips(kScanUs);
  if (to_encode == 0) return;
  --to_encode;
  EncodeBeginning(**parts, encoder, patch_storage, sums);
}

}  // namespace

Result<VideoCost> MeasureVideos(const Reservoir& videos, const Preparer& preparer, encoder::Encoder& encoder,
                                storage::PatchStorage patch_storage, const IndexOptions& options,
                                const std::stop_token& stop) {
  IndexOptions beginning = options;
  beginning.encode_batch = kClips;
  Sums sums;
  std::set<storage::ContentHash> seen;
  size_t looked_at = 0;
  size_t to_encode = kEncode;
  const auto start = Clock::now();
  for (const DrawnInput& video : videos.sample()) {
    if (stop.stop_requested() || (looked_at >= kScanAtLeast && Clock::now() - start > options.scan_sample_for)) break;
    ++looked_at;
    sums.file_bytes += video.size_bytes;
    SL_ASSIGN_OR_RETURN(const WorkItem item, preparer.Prepare(video.entry, stop));
    if (item.state != WorkState::kNewContent || !seen.insert(item.hash).second) continue;
    LookThrough(item, encoder, patch_storage, beginning, stop, to_encode, sums);
  }
  VideoCost cost = sums.all;
  const double per_clip = sums.clips_encoded == 0 ? 0 : cost.clips / static_cast<double>(sums.clips_encoded);
  cost.decode_seconds = sums.plan_seconds + sums.decode_seconds * per_clip;
  cost.encode_seconds = sums.encode_seconds * per_clip;
  const double times =
      sums.file_bytes == 0 ? 0 : static_cast<double>(videos.size_bytes()) / static_cast<double>(sums.file_bytes);
  for (double* sum : {&cost.videos, &cost.video_seconds, &cost.clips, &cost.decode_seconds, &cost.encode_seconds}) {
    *sum *= times;
  }
  return cost;
}

}  // namespace sightline::indexer
