// SPDX-License-Identifier: BSD-3-Clause
#include "media/video_timeline_internal.h"

#include <algorithm>

extern "C" {
#include <libavutil/mathematics.h>
}

namespace sightline::media {
namespace {

constexpr int64_t kMaxTicks = int64_t{1} << 61;
constexpr int64_t kMaxGapUs = 10'000'000;
constexpr int64_t kMaxBackwardsUs = 100'000;

int64_t Hold(int64_t ticks) { return std::clamp(ticks, -kMaxTicks, kMaxTicks); }

}  // namespace

int64_t SubtractTicks(int64_t a, int64_t b) { return Hold(a) - Hold(b); }
int64_t AddTicks(int64_t a, int64_t b) { return Hold(a) + Hold(b); }

void VideoTimeline::Shift(AVPacket& packet, int64_t shift) {
  if (packet.pts != AV_NOPTS_VALUE) packet.pts = AddTicks(packet.pts, shift);
  if (packet.dts != AV_NOPTS_VALUE) packet.dts = AddTicks(packet.dts, shift);
}

void VideoTimeline::Apply(AVPacket& packet) {
  if (packet.pos >= 0) position_bytes_ = packet.pos;  // several frames may share one place
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), position_bytes_,
                                      [](int64_t position, const Segment& s) { return position < s.position_bytes; });
  if (after != segments_.begin()) Shift(packet, std::prev(after)->shift);
}

void VideoTimeline::Record(AVPacket& packet) {
  if (!may_jump_) return;
  const int64_t stamp = packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts;
  if (stamp == AV_NOPTS_VALUE) return;
  int64_t shift = segments_.empty() ? 0 : segments_.back().shift;
  const int64_t now = AddTicks(stamp, shift);
  if (expected_ != AV_NOPTS_VALUE) {
    const bool ahead = av_rescale_q(SubtractTicks(now, expected_), time_base_, kMicroseconds) > kMaxGapUs;
    const bool behind = av_rescale_q(SubtractTicks(last_, now), time_base_, kMicroseconds) > kMaxBackwardsUs;
    if ((ahead || behind) && packet.pos >= 0) {
      shift = SubtractTicks(expected_, stamp);
      segments_.push_back({packet.pos, shift});
    }
  }
  Shift(packet, shift);
  last_ = AddTicks(stamp, shift);
  expected_ = AddTicks(last_, std::max<int64_t>(packet.duration, 0));
}

void VideoTimeline::Restart() {
  segments_.clear();
  position_bytes_ = -1;
  last_ = expected_ = AV_NOPTS_VALUE;
}

}  // namespace sightline::media
