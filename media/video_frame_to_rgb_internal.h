// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "base/result.h"
#include "base/types.h"
#include "media/ffmpeg_handles_internal.h"
#include "media/video_reader.h"
#include "media/video_stream_internal.h"

namespace sightline::media {

/// Frames of one video as pictures. Keeps the scaler from frame to frame. Confined to one thread at a time.
///
/// Note [Video colours]
/// YCbCr becomes RGB by the matrix and the range that the frame states. What it does not state: limited range; BT.709
/// for HD (from 1280 pixels wide or more than 576 high on), BT.601 below, as players and broadcasters have it. The
/// transfer function and the primaries are left as they are: BT.2020 colours look paler than on a display that knows
/// them, and HDR (PQ, HLG) is not tone-mapped, so it looks flat and dark. 10 and 12 bits are rounded to 8. Interlaced
/// frames are shown as stored, both fields woven.
class VideoFrameToRgb {
 public:
  explicit VideoFrameToRgb(uint64_t max_pixels) : max_pixels_(max_pixels) {}

  /// The frame as shown: stretched to square pixels, turned upright.
  /// Errors: kUnsupported (a pixel format that swscale cannot read), kResourceExhausted (max_pixels, memory).
  Result<ImageRgb8> Convert(const AVFrame& frame, const FrameGeometry& geometry);

 private:
  Result<ImageRgb8> Scale(const AVFrame& frame, int width, int height);

  uint64_t max_pixels_;
  UniqueScaler scaler_;
};

/// Luma of about 60,000 pixels of the frame. `converter` is for pixel formats that have no plane of luma.
/// Errors: those of VideoFrameToRgb::Convert.
Result<LumaHistogram> LumaHistogramOf(const AVFrame& frame, VideoFrameToRgb& converter);

}  // namespace sightline::media
