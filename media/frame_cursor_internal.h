// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "media/ffmpeg_handles_internal.h"
#include "media/video_packets_internal.h"
#include "media/video_reader.h"
#include "media/watchdog_internal.h"

namespace sightline::media {

/// A decoded frame and when it is shown.
struct TimedFrame {
  UniqueFrame frame;
  int64_t time_us = 0;
};

/// Moves through the decoded frames of one video. Confined to one thread at a time.
///
/// Note [Seek or read on]
/// A decoder can start at key frames only, so between two asked times every frame from the later of (where we are, the
/// last key frame before the wanted time) must be decoded. A seek therefore pays when there is a key frame ahead of us
/// that is not later than the wanted time; by a few frames more than the decoder keeps inside, which a seek throws
/// away. Where a seek lands is checked: containers that index by decoding time, or wrongly, may land behind the wanted
/// time; then the key frame before is tried, and in the end the start of the file, so that the frame is always the one
/// that reading from the start would give.
class FrameCursor {
 public:
  /// Decodes the first frame, which is time 0, and surveys the file. `watchdog` must outlive the cursor.
  static Result<std::unique_ptr<FrameCursor>> Open(const Source& source, const VideoOptions& options,
                                                   Watchdog& watchdog);

  const VideoPackets& packets() const { return *packets_; }
  /// Whether FrameAt may enter the video at a key frame besides the first.
  bool seekable() const { return exact_seeks_ && packets_->key_frames().size() > 1; }

  /// The last frame at or before `time_us`; the first for a time before it. Valid until the next call.
  /// Errors: kCorruption (no frame can be decoded), kDeadlineExceeded, kCancelled, kUnavailable.
  Result<const TimedFrame*> FrameAt(int64_t time_us);

  /// The key frame nearest to `time_us`, alone decoded. Without key frames as FrameAt, of which it has the errors.
  Result<const TimedFrame*> KeyFrameNear(int64_t time_us);

  /// Short cuts of the decoder that keep pictures recognisable only.
  void SetRough(bool rough);

 private:
  FrameCursor(const VideoOptions& options, Watchdog& watchdog) : options_(options), watchdog_(watchdog) {}

  Status OpenFirstFrame();
  Status OpenDecoder();
  bool SeekPays(int64_t time_us) const;
  /// Index of the last key frame at or before the time; -1 when there is none.
  ptrdiff_t KeyFrameBefore(int64_t time_us) const;
  Status EnterBefore(int64_t time_us, ptrdiff_t key_frame);
  Status EnterAtStart();
  void ForgetFrames();
  Status AdvanceTo(int64_t time_us);
  /// Decodes the next frame into `next_`; false at the end.
  Result<bool> DecodeNext();
  Status Feed();
  void Stamp();
  Result<bool> DecodeOnly(const KeyFrame& key_frame);

  VideoOptions options_;
  Watchdog& watchdog_;
  std::unique_ptr<VideoPackets> packets_;
  UniqueCodecContext decoder_;
  UniquePacket packet_;
  bool exact_seeks_ = true;
  bool positioned_ = false;     ///< Frames come in order from where `shown_` and `next_` say.
  bool input_ended_ = false;    ///< The decoder was told that nothing more comes.
  int barren_packets_ = 0;      ///< Since the last frame.
  int64_t drop_before_us_ = 0;  ///< Frames before the entered key frame: they lack what they refer to.
  std::optional<int64_t> last_time_us_;
  TimedFrame shown_;  ///< The last frame at or before the asked time. `frame` is null when there is none yet.
  TimedFrame next_;   ///< The one after it.
  ptrdiff_t shown_key_frame_ = -1;
};

}  // namespace sightline::media
