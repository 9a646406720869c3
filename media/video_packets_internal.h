// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "media/ffmpeg_handles_internal.h"
#include "media/source.h"
#include "media/video_input_internal.h"
#include "media/video_timeline_internal.h"
#include "media/watchdog_internal.h"

namespace sightline::media {

/// Where decoding may start. Times are those of the presentation.
struct KeyFrame {
  int64_t time_us = 0;
  int64_t seek_ticks = 0;       ///< What the demuxer finds it by.
  int64_t position_bytes = -1;  ///< Or its place in the file.
};

/// The packets of a file's chosen video stream, on a continuous timeline. Confined to one thread at a time.
class VideoPackets {
 public:
  /// `watchdog` must outlive the packets. Errors: those of VideoInput::Open and ChooseVideoStream.
  static Result<std::unique_ptr<VideoPackets>> Open(const Source& source, const Watchdog& watchdog);

  const AVFormatContext& format() const { return input_->format(); }
  const AVStream& stream() const { return *stream_; }

  /// The next packet; false at the end, which is also where a broken file cannot be read on.
  /// Errors: kUnavailable (reading failed below us), kDeadlineExceeded, kCancelled.
  Result<bool> Next(AVPacket& packet);

  /// Says which time stamp is time 0.
  void SetStart(int64_t ticks) { start_ticks_ = ticks; }
  int64_t TimeOf(int64_t ticks) const;

  /// Finds key frames and the end of the stream; call it once, after SetStart. Reads the file through where nothing
  /// less tells. Afterwards the position is anywhere: seek or rewind. Errors: those of Next and of Open.
  Status Survey();

  /// Ascending by time. Empty when the container cannot be entered in the middle.
  const std::vector<KeyFrame>& key_frames() const { return key_frames_; }
  /// End of the last packet.
  int64_t end_us() const { return end_us_; }
  /// Average time between frames.
  int64_t interval_us() const { return interval_us_; }

  /// Moves to a key frame: the next packet is a key frame.
  /// @return its time; nothing when there is none, or another one where the place is exact.
  /// Errors: those of Next.
  Result<std::optional<int64_t>> Seek(const KeyFrame& key_frame);

  /// Back to the start of the file. Errors: those of Next and of Open.
  Status Rewind();

 private:
  /// How a container is entered in the middle.
  enum class Access { kFromStart, kByTime, kByPosition };

  VideoPackets(Source source, const Watchdog& watchdog) : source_(std::move(source)), watchdog_(watchdog) {}

  Status OpenInput();
  Result<bool> Read(AVPacket& packet);
  void AdoptIndex();
  Status ScanToEnd();
  void Note(const AVPacket& packet, int64_t& last_time_us, uint64_t& packets);

  Source source_;
  const Watchdog& watchdog_;
  Access access_ = Access::kFromStart;
  std::unique_ptr<VideoInput> input_;
  AVStream* stream_ = nullptr;
  std::optional<VideoTimeline> timeline_;
  bool recording_ = false;
  UniquePacket pending_;  ///< The key frame that a seek found.
  bool has_pending_ = false;
  int64_t start_ticks_ = 0;
  int64_t first_pts_ = AV_NOPTS_VALUE;  ///< Of the first packet of the file.
  int64_t first_dts_ = AV_NOPTS_VALUE;
  bool read_any_ = false;
  std::vector<KeyFrame> key_frames_;
  int64_t end_us_ = 0;
  int64_t interval_us_ = 0;
};

}  // namespace sightline::media
