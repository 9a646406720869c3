// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

#include "media/ffmpeg_handles_internal.h"

namespace sightline::media {

/// Note [Video time]
/// Time 0 is the first frame that is shown when the stream is decoded from its start; containers start at any number,
/// below zero too. FFmpeg's demuxers apply edit lists: what an edit cuts off never comes out of the decoder.
///
/// Transport and program streams may jump: recordings are joined, clocks wrap. Like the `ffmpeg` command, a decoding
/// time that is more than 10 s ahead of what is expected, or more than 0.1 s behind the last one, starts a new segment,
/// which is shifted so that it continues where the one before it ended. Segments are found once, when the file is read
/// through at the opening, and are known by their position in the file from then on, so that a seek sees the same
/// times.
///
/// A frame without a time follows the one before it by one frame interval. Times never go backwards.

/// 1/1000000.
inline constexpr AVRational kMicroseconds = {1, 1'000'000};

/// Makes the time stamps of a stream continuous. Ticks are those of the stream's time base.
class VideoTimeline {
 public:
  /// @param may_jump  whether the container is one whose clock may jump.
  VideoTimeline(AVRational time_base, bool may_jump) : time_base_(time_base), may_jump_(may_jump) {}

  /// Shifts the times of a packet by what its segment needs.
  void Apply(AVPacket& packet);

  /// As Apply, for packets in file order from the first on, while segments are found.
  void Record(AVPacket& packet);

  /// Forgets all segments.
  void Restart();

 private:
  struct Segment {
    int64_t position_bytes = 0;
    int64_t shift = 0;
  };

  static void Shift(AVPacket& packet, int64_t shift);

  AVRational time_base_;
  bool may_jump_;
  std::vector<Segment> segments_;      ///< By position. Before the first: no shift.
  int64_t position_bytes_ = -1;        ///< Of the last packet that had one.
  int64_t last_ = AV_NOPTS_VALUE;      ///< Decoding time of the packet before, shifted.
  int64_t expected_ = AV_NOPTS_VALUE;  ///< `last_` plus that packet's duration.
};

/// `a - b` and `a + b`, both held within 61 bits first: hostile files hold any number.
int64_t SubtractTicks(int64_t a, int64_t b);
int64_t AddTicks(int64_t a, int64_t b);

}  // namespace sightline::media
