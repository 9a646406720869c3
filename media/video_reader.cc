// SPDX-License-Identifier: BSD-3-Clause
#include "media/video_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/guard.h"
#include "media/frame_cursor_internal.h"
#include "media/image_format_internal.h"
#include "media/video_frame_to_rgb_internal.h"
#include "media/video_stream_internal.h"
#include "media/watchdog_internal.h"

namespace sightline::media {
namespace {

/// Ends the decoder's short cuts however the scan ends.
class RoughDecoding {
 public:
  explicit RoughDecoding(FrameCursor& cursor) : cursor_(cursor) { cursor_.SetRough(true); }
  RoughDecoding(const RoughDecoding&) = delete;
  RoughDecoding& operator=(const RoughDecoding&) = delete;
  ~RoughDecoding() { cursor_.SetRough(false); }

 private:
  FrameCursor& cursor_;
};

}  // namespace

class VideoReader::Impl {
 public:
  Impl(const Source& source, const VideoOptions& options)
      : name_(source.name()),
        options_(options),
        watchdog_(options.limits, options.stall_timeout),
        converter_(options.max_pixels) {}

  Status Open(const Source& source) {
    SL_ASSIGN_OR_RETURN(cursor_, FrameCursor::Open(source, options_, watchdog_));
    SL_ASSIGN_OR_RETURN(const TimedFrame* first, cursor_->FrameAt(0));
    const VideoPackets& packets = cursor_->packets();
    const FrameGeometry geometry = GeometryOf(*first->frame, packets.stream());
    const ShownSize size = ShownSizeOf(*first->frame, geometry);
    SL_RETURN_IF_ERROR(CheckPixels({size.width, size.height}, options_.max_pixels));
    info_ = DescribeVideo(packets.format(), packets.stream());
    info_.width = size.width;
    info_.height = size.height;
    info_.duration_us = std::max(packets.end_us(), packets.interval_us());
    info_.seekable = cursor_->seekable();
    if (info_.duration_us <= options_.max_duration_us) return {};
    return Fail(ErrorCode::kResourceExhausted, "it lasts " + std::to_string(info_.duration_us / 1'000'000) +
                                                   " s, more than the limit of " +
                                                   std::to_string(options_.max_duration_us / 1'000'000));
  }

  const std::string& name() const { return name_; }
  const VideoInfo& info() const { return info_; }

  Status Visit(std::span<const int64_t> times_us, FrameAccess access,
               const std::function<bool(size_t, const VideoFrame&)>& visit) {
    if (!std::is_sorted(times_us.begin(), times_us.end())) {
      return Fail(ErrorCode::kInvalidArgument, "the times are not ascending");
    }
    VideoFrame picture;
    for (size_t i = 0; i < times_us.size(); ++i) {
      watchdog_.Progress();
      const int64_t time_us = std::max<int64_t>(times_us[i], 0);
      SL_ASSIGN_OR_RETURN(const TimedFrame* frame,
                          access == FrameAccess::kExact ? cursor_->FrameAt(time_us) : cursor_->KeyFrameNear(time_us));
      if (picture.picture.empty() || picture.time_us != frame->time_us) {
        picture.time_us = frame->time_us;
        const FrameGeometry geometry = GeometryOf(*frame->frame, cursor_->packets().stream());
        SL_ASSIGN_OR_RETURN(picture.picture, converter_.Convert(*frame->frame, geometry));
      }
      if (!visit(i, picture)) return {};
    }
    return {};
  }

  Status ScanLuma(int64_t step_us, const std::function<bool(int64_t, const LumaHistogram&)>& visit) {
    if (step_us <= 0) return Fail(ErrorCode::kInvalidArgument, "the step is not positive");
    const RoughDecoding rough(*cursor_);
    int64_t last_us = -1;
    for (int64_t time_us = 0; time_us < info_.duration_us; time_us += step_us) {
      watchdog_.Progress();
      SL_ASSIGN_OR_RETURN(const TimedFrame* frame, cursor_->FrameAt(time_us));
      if (frame->time_us <= last_us) continue;
      last_us = frame->time_us;
      SL_ASSIGN_OR_RETURN(const LumaHistogram histogram, LumaHistogramOf(*frame->frame, converter_));
      if (!visit(last_us, histogram)) return {};
    }
    return {};
  }

 private:
  std::string name_;
  VideoOptions options_;
  Watchdog watchdog_;
  VideoFrameToRgb converter_;
  std::unique_ptr<FrameCursor> cursor_;
  VideoInfo info_;
};

VideoReader::VideoReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VideoReader::~VideoReader() = default;

Result<std::unique_ptr<VideoReader>> VideoReader::Open(const Source& source, const VideoOptions& options) {
  auto impl = std::make_unique<Impl>(source, options);
  if (auto opened = Guard("open a video", [&] { return impl->Open(source); }); !opened) {
    return Annotate(std::move(opened).error(), source.name());
  }
  return std::unique_ptr<VideoReader>(new VideoReader(std::move(impl)));
}

const VideoInfo& VideoReader::info() const { return impl_->info(); }

Result<std::vector<VideoFrame>> VideoReader::FramesAt(std::span<const int64_t> times_us, FrameAccess access) {
  std::vector<VideoFrame> frames;
  SL_RETURN_IF_ERROR(VisitFramesAt(times_us, access, [&](size_t /*index*/, const VideoFrame& frame) {
    frames.push_back(frame);
    return true;
  }));
  return frames;
}

Status VideoReader::VisitFramesAt(std::span<const int64_t> times_us, FrameAccess access,
                                  const std::function<bool(size_t index, const VideoFrame& frame)>& visit) {
  auto status = Guard("decode a video", [&] { return impl_->Visit(times_us, access, visit); });
  if (!status) return Annotate(std::move(status).error(), impl_->name());
  return {};
}

Status VideoReader::ScanLuma(int64_t step_us,
                             const std::function<bool(int64_t time_us, const LumaHistogram& histogram)>& visit) {
  auto status = Guard("scan a video", [&] { return impl_->ScanLuma(step_us, visit); });
  if (!status) return Annotate(std::move(status).error(), impl_->name());
  return {};
}

Result<VideoInfo> ProbeVideo(const Source& source, const VideoOptions& options) {
  SL_ASSIGN_OR_RETURN(const auto reader, VideoReader::Open(source, options));
  return reader->info();
}

}  // namespace sightline::media
