// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "media/ffmpeg_handles_internal.h"
#include "media/video_reader.h"

namespace sightline::media {

/// The stream to read: of the video streams that have a decoder and are no attached picture, the one marked as default,
/// then the one with the most pixels, then the first. All others are told to be skipped.
/// Errors: kCorruption (no video in it), kUnsupported (no decoder for any).
Result<AVStream*> ChooseVideoStream(AVFormatContext& format);

/// How a frame is to be shown.
struct FrameGeometry {
  int exif_orientation = 1;           ///< 1 to 8: turns and mirrors after scaling.
  AVRational sample_aspect = {1, 1};  ///< Of the stored frame; 1:1 when unknown or absurd.
};

/// From the frame where it says so, otherwise from the container.
FrameGeometry GeometryOf(const AVFrame& frame, const AVStream& stream);

/// The EXIF orientation that does what a display matrix (9 numbers, libavutil/display.h) asks, at the nearest quarter
/// turn.
int OrientationFromMatrix(const int32_t* matrix);

/// Width and height of the frame as shown.
struct ShownSize {
  int width = 0;
  int height = 0;
};
ShownSize ShownSizeOf(const AVFrame& frame, const FrameGeometry& geometry);

/// Codec, container, frame rate, date and place. Size and duration are left to the caller.
VideoInfo DescribeVideo(const AVFormatContext& format, const AVStream& stream);

/// Degrees from an ISO 6709 text ("+37.7749-122.4194+010.0/"); nothing when it is none.
struct GeoPoint {
  double latitude = 0;
  double longitude = 0;
};
std::optional<GeoPoint> ParseIso6709(std::string_view text);

/// Seconds since 1970 from an ISO 8601 date with time, UTC unless it says otherwise. Nothing for the zero of a clock
/// that was never set (1904, 1970) and for what is no date.
std::optional<int64_t> ParseCreationTime(const char* text);

}  // namespace sightline::media
