// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace sightline::media {

/// How a video is cut into clips.
struct ClipOptions {
  int64_t window_us = 8'000'000;  ///< Length of a clip that no scene cut shortens.
  int64_t overlap_us = 0;         ///< Of neighbouring windows of one scene; at most half the window.
  int frames = 3;                 ///< Sampled frames per clip.
  size_t max_clips = 2000;        ///< Of one video.
};

/// One clip of a video.
struct PlannedClip {
  TimeRange range;
  std::vector<int64_t> frame_times_us;  ///< `frames` times within the range, ascending.

  friend bool operator==(const PlannedClip&, const PlannedClip&) = default;
};

struct ClipPlan {
  std::vector<PlannedClip> clips;  ///< At least one; in order of start.
  size_t windows = 0;              ///< Clips that the whole video has: more than `clips` when max_clips bounded them.
};

/// Errors: kInvalidArgument (a window below 0.1 s or above a day, an overlap below 0 or above half the window, fewer
/// than 1 or more than 64 frames, no clips).
Status CheckClipOptions(const ClipOptions& options);

/// Which `wanted` of `stored` frames stand for all of them: the first of each of `wanted` segments of nearly equal
/// length, the longer segments first; with fewer frames than wanted some several times, side by side (x2vlm-spec
/// section 7, evaluation). Both at least 1. @return `wanted` ascending numbers in [0, stored).
std::vector<int64_t> SampleFrames(int64_t stored, int64_t wanted);

/// Cuts a video into clips (Note [Clips]). The same arguments give the same plan.
/// @param duration_us  of the video; below 1 counts as 1.
/// @param scene_cuts_us  where scenes begin, ascending; those outside the video do not matter.
/// @param options  must pass CheckClipOptions.
ClipPlan PlanClips(int64_t duration_us, std::span<const int64_t> scene_cuts_us, const ClipOptions& options);

}  // namespace sightline::media
