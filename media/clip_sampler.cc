// SPDX-License-Identifier: BSD-3-Clause
#include "media/clip_sampler.h"

#include <algorithm>
#include <string>

#include "base/check.h"

namespace sightline::media {
namespace {

// Note [Clips]
//
// - A video that is no longer than one window is one clip, whatever its cuts.
// - A longer one is divided into scenes at its cuts. A cut less than a quarter of a window after the one before, or
//   before the end, is passed over: so no scene and no clip is shorter than that.
// - A scene is divided into windows of full length, `window - overlap` apart. The last one takes what is left, and a
//   rest of less than a quarter of a window goes to the window before it, which is then longer.
// - Clips of a video without overlap therefore cover it, each moment once.
// - Of more windows than max_clips those are kept that SampleFrames chooses: spread evenly over the video.
// - A clip's frames are chosen by SampleFrames too, with its microseconds for the stored frames: the first moment of
//   each of `frames` equal parts. At a constant frame rate these are the frames that the specification's rule chooses
//   from the clip's frames, up to the rounding of the parts.

constexpr int64_t kMinWindowUs = 100'000;
constexpr int64_t kMaxWindowUs = 86'400'000'000;
constexpr int kMaxFrames = 64;

int64_t ShortestClip(const ClipOptions& options) { return options.window_us / 4; }

std::vector<TimeRange> DivideIntoScenes(int64_t duration_us, std::span<const int64_t> cuts,
                                        const ClipOptions& options) {
  std::vector<TimeRange> scenes;
  int64_t start = 0;
  if (duration_us > options.window_us) {
    const int64_t shortest = ShortestClip(options);
    for (const int64_t cut : cuts) {
      if (cut < start + shortest || cut > duration_us - shortest) continue;
      scenes.push_back({start, cut});
      start = cut;
    }
  }
  scenes.push_back({start, duration_us});
  return scenes;
}

void DivideIntoWindows(const TimeRange& scene, const ClipOptions& options, std::vector<TimeRange>& windows) {
  int64_t start = scene.start_us;
  while (scene.end_us - start >= options.window_us + ShortestClip(options)) {
    windows.push_back({start, start + options.window_us});
    start += options.window_us - options.overlap_us;
  }
  windows.push_back({start, scene.end_us});
}

PlannedClip MakeClip(const TimeRange& range, int frames) {
  PlannedClip clip{range, SampleFrames(range.end_us - range.start_us, frames)};
  for (int64_t& time : clip.frame_times_us) time += range.start_us;
  return clip;
}

}  // namespace

Status CheckClipOptions(const ClipOptions& options) {
  if (options.window_us < kMinWindowUs || options.window_us > kMaxWindowUs) {
    return Fail(ErrorCode::kInvalidArgument, "a clip must be 0.1 to 86400 seconds long");
  }
  if (options.overlap_us < 0 || options.overlap_us > options.window_us / 2) {
    return Fail(ErrorCode::kInvalidArgument, "the overlap of clips must be between 0 and half of their length");
  }
  if (options.frames < 1 || options.frames > kMaxFrames) {
    return Fail(ErrorCode::kInvalidArgument, "a clip must have 1 to " + std::to_string(kMaxFrames) + " frames");
  }
  if (options.max_clips < 1) return Fail(ErrorCode::kInvalidArgument, "a video must have at least one clip");
  return {};
}

std::vector<int64_t> SampleFrames(int64_t stored, int64_t wanted) {
  SL_CHECK(stored >= 1 && wanted >= 1);
  std::vector<int64_t> chosen(static_cast<size_t>(wanted));
  const int64_t length = stored / wanted;
  const int64_t longer = stored % wanted;
  for (int64_t i = 0; i < wanted; ++i) {
    chosen[static_cast<size_t>(i)] = stored <= wanted ? i % stored : i * length + std::min(i, longer);
  }
  if (stored < wanted) std::sort(chosen.begin(), chosen.end());
  return chosen;
}

ClipPlan PlanClips(int64_t duration_us, std::span<const int64_t> scene_cuts_us, const ClipOptions& options) {
  SL_CHECK(CheckClipOptions(options).has_value());
  duration_us = std::max<int64_t>(duration_us, 1);
  std::vector<TimeRange> windows;
  for (const TimeRange& scene : DivideIntoScenes(duration_us, scene_cuts_us, options)) {
    DivideIntoWindows(scene, options, windows);
  }
  ClipPlan plan;
  plan.windows = windows.size();
  const size_t kept = std::min(windows.size(), options.max_clips);
  const auto total = static_cast<int64_t>(windows.size());
  for (const int64_t i : SampleFrames(total, static_cast<int64_t>(kept))) {
    plan.clips.push_back(MakeClip(windows[static_cast<size_t>(i)], options.frames));
  }
  return plan;
}

}  // namespace sightline::media
