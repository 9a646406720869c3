// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/types.h"
#include "media/luma_histogram.h"
#include "media/source.h"

namespace sightline::media {

struct VideoOptions {
  int decoder_threads = 1;
  uint64_t max_pixels = 40'000'000;          ///< Of a frame, as stored and as shown: 8K fits.
  int64_t max_duration_us = 86'400'000'000;  ///< 24 hours, measured and not as the header claims.
  std::chrono::seconds stall_timeout{20};    ///< A call that gets no frame for so long is given up.
  Limits limits{};                           ///< Deadline and stop of everything that is done with the reader.
};

struct VideoInfo {
  int width = 0;  ///< As shown, in square pixels: turned upright, sample aspect ratio applied. Of the first frame.
  int height = 0;
  int64_t duration_us = 0;  ///< Measured: the end of the last frame, which is taken to be shown for 10 s at most.
  double fps = 0;           ///< Average as the container says it; 0 when it says nothing.
  std::string codec;        ///< FFmpeg's name: "h264".
  std::string container;    ///< FFmpeg's first name of it: "mov", "matroska".
  std::optional<int64_t> created_at;  ///< Seconds since 1970.
  std::optional<double> latitude;     ///< Degrees, north positive.
  std::optional<double> longitude;    ///< Degrees, east positive.
  bool seekable = false;              ///< Has key frames that a reader may start from besides the first.
};

/// A picture as shown: upright, square pixels, RGB of full range.
struct VideoFrame {
  int64_t time_us = 0;
  ImageRgb8 picture;
};

enum class FrameAccess {
  kExact,     ///< The frame shown at that time: the last one that starts at or before it; before the first, the first.
  kKeyFrame,  ///< The key frame nearest to that time: far cheaper. Exact where a container has no key frames to find.
};

/// Frames of one video by time. All times are microseconds from the start of the presentation: the first frame that is
/// shown has time 0, edit lists are applied. Confined to one thread at a time; decodes in up to `decoder_threads`.
///
/// Reads sequentially or seeks, whichever decodes fewer frames. Note [Video colours] and Note [Video time] in the
/// sources say how colours and times are understood.
class VideoReader {
 public:
  /// Opens the first usable video stream of the source (the one marked as default, otherwise the largest; attached
  /// pictures are none) and decodes its first frame. Reads MPEG transport and program streams through, since only that
  /// tells their duration and key frames; files without an index likewise. Never opens anything besides the source.
  /// Errors: those of SourceReader::Open; kUnsupported (not a container we read, a play list, a codec without decoder),
  /// kCorruption (broken, no video in it, no frame), kResourceExhausted (a limit), kDeadlineExceeded, kCancelled.
  static Result<std::unique_ptr<VideoReader>> Open(const Source& source, const VideoOptions& options);
  ~VideoReader();

  const VideoInfo& info() const;

  /// One frame per time, in their order; beyond the end the last frame. Frames may repeat.
  /// @param times_us  ascending; negative ones give the first frame.
  /// Errors: kInvalidArgument (not ascending), kCorruption (nothing more can be decoded), kUnsupported (a pixel
  /// format), kResourceExhausted (a frame that is too large, memory), kDeadlineExceeded (also: no frame for
  /// `stall_timeout`), kCancelled.
  Result<std::vector<VideoFrame>> FramesAt(std::span<const int64_t> times_us, FrameAccess access);

  /// As FramesAt with one frame in memory at a time: `visit(index into times_us, frame)` is called in order, until it
  /// returns false. The frame is valid during the call.
  Status VisitFramesAt(std::span<const int64_t> times_us, FrameAccess access,
                       const std::function<bool(size_t index, const VideoFrame& frame)>& visit);

  /// Luma of the video at about 0, step, 2 step, ... until its end or until `visit` returns false, without color
  /// conversion and with the decoder's short cuts (no loop filter, frames that no other needs left out): for finding
  /// scene cuts. Every frame is visited at most once, in order, with its own time.
  /// Errors: kInvalidArgument (step not positive), otherwise as FramesAt.
  Status ScanLuma(int64_t step_us, const std::function<bool(int64_t time_us, const LumaHistogram& histogram)>& visit);

 private:
  class Impl;
  explicit VideoReader(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

/// What Open says about a video. Errors: those of Open.
Result<VideoInfo> ProbeVideo(const Source& source, const VideoOptions& options);

/// Whether the file name looks like a video: what a folder scan picks up. GIFs count as pictures.
bool HasVideoExtension(std::string_view file_name);

/// Whether the content is of a container that VideoReader reads, or an animated GIF; pictures, HEIF and AVIF included,
/// are none. Reads 1 MiB at most, of GIFs all. Nothing is decoded: Open may still fail.
/// Errors: those of SourceReader.
Result<bool> LooksLikeVideo(const Source& source);

}  // namespace sightline::media
