// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/video_cost.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "indexer/encode_stage.h"
#include "indexer/video_parts.h"

namespace sightline::indexer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kScanUs = 30'000'000;  // of a video
constexpr size_t kClips = 4;             // of a video

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// How much more the whole is than the part that was looked at.
double Times(double whole, double part) { return part > 0 ? std::max(1.0, whole / part) : 1.0; }

}  // namespace

VideoCost MeasureVideos(std::span<const InputEntry> videos, const Preparer& preparer, encoder::Encoder& encoder,
                        storage::PatchStorage patch_storage, const IndexOptions& options, std::stop_token stop) {
  VideoCost cost;
  IndexOptions beginning = options;
  beginning.encode_batch = kClips;
  for (const InputEntry& video : videos) {
    const WorkItem item = preparer.PrepareAnew(video, stop);
    cost.file_bytes += item.location.size_bytes;
    if (item.state != WorkState::kNewContent) continue;
    const auto parts =
        VideoParts::Open(item, encoder.info().config.vision.image_res, beginning, stop, {.end_us = kScanUs});
    if (!parts) continue;
    WorkItem part = (*parts)->Next();
    if (part.state != WorkState::kNewContent) continue;
    const double seconds = static_cast<double>((*parts)->duration_us()) * 1e-6;
    const auto clips = static_cast<double>(part.video->clips);
    const double more_clips = Times(clips, static_cast<double>(part.units.size()));
    const VideoTimes& times = part.video->times;
    cost.video_seconds += seconds;
    cost.clips += clips;
    cost.decode_seconds +=
        times.plan_seconds * Times(seconds, kScanUs * 1e-6) + (times.decode_seconds + times.scale_seconds) * more_clips;
    WorkItem first = part;
    EncodeItems(encoder, patch_storage, std::span(&first, 1));  // the first call of a size is slower
    const auto start = Clock::now();
    EncodeItems(encoder, patch_storage, std::span(&part, 1));
    cost.encode_seconds += SecondsSince(start) * more_clips;
  }
  return cost;
}

}  // namespace sightline::indexer
