// SPDX-License-Identifier: BSD-3-Clause
#include "media/video_packets_internal.h"

#include <algorithm>
#include <array>
#include <string_view>

extern "C" {
#include <libavutil/mathematics.h>
}

#include "media/video_stream_internal.h"

namespace sightline::media {
namespace {

constexpr int64_t kMaxLastFrameUs = 10'000'000;
constexpr int64_t kDefaultIntervalUs = 40'000;
constexpr int64_t kMaxTimeUs = int64_t{1} << 55;  // a thousand years

bool IsNamed(const AVInputFormat& format, std::string_view name) {
  return std::string_view(format.name).substr(0, name.size()) == name;
}

int64_t FrameIntervalOf(const AVStream& stream) {
  for (const AVRational rate : {stream.avg_frame_rate, stream.r_frame_rate}) {
    if (rate.num <= 0 || rate.den <= 0) continue;
    return std::clamp<int64_t>(av_rescale(1'000'000, rate.den, rate.num), 1, kMaxLastFrameUs);
  }
  return kDefaultIntervalUs;
}

}  // namespace

Result<std::unique_ptr<VideoPackets>> VideoPackets::Open(const Source& source, const Watchdog& watchdog) {
  std::unique_ptr<VideoPackets> packets(new VideoPackets(source, watchdog));
  packets->pending_.reset(av_packet_alloc());
  if (!packets->pending_) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  SL_RETURN_IF_ERROR(packets->OpenInput());
  const AVInputFormat& demuxer = *packets->format().iformat;
  // A raw stream has no times to seek by, the demuxer of Ogg loses them, that of GIF starts from the first picture.
  const bool from_start =
      (demuxer.flags & AVFMT_NOTIMESTAMPS) != 0 || IsNamed(demuxer, "ogg") || IsNamed(demuxer, "gif");
  const bool may_jump = (demuxer.flags & AVFMT_TS_DISCONT) != 0;
  packets->access_ = from_start ? Access::kFromStart : may_jump ? Access::kByPosition : Access::kByTime;
  packets->timeline_.emplace(packets->stream().time_base, packets->access_ == Access::kByPosition);
  packets->interval_us_ = FrameIntervalOf(packets->stream());
  return packets;
}

Status VideoPackets::OpenInput() {
  stream_ = nullptr;
  has_pending_ = false;
  SL_ASSIGN_OR_RETURN(input_, VideoInput::Open(source_, watchdog_));
  SL_ASSIGN_OR_RETURN(stream_, ChooseVideoStream(input_->format()));
  return {};
}

int64_t VideoPackets::TimeOf(int64_t ticks) const {
  const int64_t time = av_rescale_q(SubtractTicks(ticks, start_ticks_), stream_->time_base, kMicroseconds);
  return std::clamp(time, -kMaxTimeUs, kMaxTimeUs);
}

Result<bool> VideoPackets::Read(AVPacket& packet) {
  while (true) {
    SL_RETURN_IF_ERROR(watchdog_.Check("read a video"));
    av_packet_unref(&packet);
    const int result = av_read_frame(&input_->format(), &packet);
    if (result == AVERROR(EAGAIN)) continue;
    if (result < 0) {
      SL_RETURN_IF_ERROR(watchdog_.Check("read a video"));
      SL_RETURN_IF_ERROR(input_->read_status());
      return false;
    }
    if (packet.stream_index != stream_->index) continue;
    if (!read_any_) {
      first_pts_ = packet.pts;
      first_dts_ = packet.dts;
      read_any_ = true;
    }
    if (recording_) {
      timeline_->Record(packet);
    } else {
      timeline_->Apply(packet);
    }
    return true;
  }
}

Result<bool> VideoPackets::Next(AVPacket& packet) {
  if (!has_pending_) return Read(packet);
  has_pending_ = false;
  av_packet_unref(&packet);
  av_packet_move_ref(&packet, pending_.get());
  return true;
}

Status VideoPackets::Survey() {
  if (access_ == Access::kByTime) {
    AdoptIndex();
    if (!key_frames_.empty()) {
      SL_ASSIGN_OR_RETURN(const auto landed, Seek(key_frames_.back()));
      if (landed) return ScanToEnd();
      key_frames_.clear();
    }
  }
  SL_RETURN_IF_ERROR(Rewind());
  recording_ = access_ == Access::kByPosition;
  timeline_->Restart();
  const Status scanned = ScanToEnd();
  recording_ = false;
  return scanned;
}

void VideoPackets::AdoptIndex() {
  // Matroska reads its index at the first seek.
  if (IsNamed(*format().iformat, "matroska")) {
    av_seek_frame(&input_->format(), stream_->index, start_ticks_, AVSEEK_FLAG_BACKWARD);
  }
  // Some demuxers index by decoding time. Key frames are shown a constant time later, that of the first packet.
  const int count = avformat_index_get_entries_count(stream_);
  const AVIndexEntry* first = count > 0 ? avformat_index_get_entry(stream_, 0) : nullptr;
  const bool by_decoding_time = first != nullptr && first->timestamp == first_dts_ && first_pts_ != AV_NOPTS_VALUE;
  const int64_t delay = by_decoding_time ? SubtractTicks(first_pts_, first_dts_) : 0;
  const auto file_bytes = static_cast<int64_t>(input_->size_bytes());
  for (int i = 0; i < count; ++i) {
    const AVIndexEntry& entry = *avformat_index_get_entry(stream_, i);
    const bool is_key = (entry.flags & AVINDEX_KEYFRAME) != 0 && (entry.flags & AVINDEX_DISCARD_FRAME) == 0;
    if (!is_key || entry.pos < 0 || entry.pos > file_bytes - entry.size) continue;
    // A demuxer that indexes by decoding time may still refuse a key frame that is shown after the time it is asked
    // for.
    const int64_t ticks = AddTicks(entry.timestamp, delay);
    key_frames_.push_back({TimeOf(ticks), ticks, entry.pos});
  }
  std::stable_sort(key_frames_.begin(), key_frames_.end(),
                   [](const KeyFrame& a, const KeyFrame& b) { return a.time_us < b.time_us; });
}

Status VideoPackets::ScanToEnd() {
  const UniquePacket packet(av_packet_alloc());
  if (!packet) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  int64_t last_time_us = 0;
  uint64_t packets = 0;
  while (true) {
    SL_ASSIGN_OR_RETURN(const bool more, Next(*packet));
    if (!more) return {};
    Note(*packet, last_time_us, packets);
  }
}

void VideoPackets::Note(const AVPacket& packet, int64_t& last_time_us, uint64_t& packets) {
  // Without presentation times, decoding times count from the first packet on: as many frames come out as go in.
  int64_t ticks = packet.pts;
  if (ticks == AV_NOPTS_VALUE && packet.dts != AV_NOPTS_VALUE && first_dts_ != AV_NOPTS_VALUE) {
    ticks = AddTicks(start_ticks_, SubtractTicks(packet.dts, first_dts_));
  }
  int64_t time_us = packets == 0 ? 0 : last_time_us + interval_us_;
  if (ticks != AV_NOPTS_VALUE) time_us = TimeOf(ticks);
  last_time_us = time_us;
  ++packets;
  if ((packet.flags & AV_PKT_FLAG_DISCARD) != 0) return;
  const int64_t duration_us = av_rescale_q(std::max<int64_t>(packet.duration, 0), stream_->time_base, kMicroseconds);
  end_us_ = std::max(end_us_, time_us + std::clamp<int64_t>(duration_us, interval_us_, kMaxLastFrameUs));
  const bool is_key = (packet.flags & AV_PKT_FLAG_KEY) != 0 && access_ != Access::kFromStart;
  if (!is_key || (packet.pts == AV_NOPTS_VALUE && packet.dts == AV_NOPTS_VALUE) ||
      (access_ == Access::kByPosition && packet.pos < 0))
    return;
  if (!key_frames_.empty() && time_us <= key_frames_.back().time_us) return;
  key_frames_.push_back({time_us, packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts, packet.pos});
}

Result<std::optional<int64_t>> VideoPackets::Seek(const KeyFrame& key_frame) {
  has_pending_ = false;
  const bool by_position = access_ == Access::kByPosition;
  const int result = by_position
                         ? av_seek_frame(&input_->format(), stream_->index, key_frame.position_bytes, AVSEEK_FLAG_BYTE)
                         : av_seek_frame(&input_->format(), stream_->index, key_frame.seek_ticks, AVSEEK_FLAG_BACKWARD);
  if (result < 0) return std::nullopt;
  while (true) {
    SL_ASSIGN_OR_RETURN(const bool more, Read(*pending_));
    if (!more) return std::nullopt;
    if ((pending_->flags & AV_PKT_FLAG_KEY) != 0) break;
  }
  const int64_t time_us = pending_->pts != AV_NOPTS_VALUE ? TimeOf(pending_->pts) : key_frame.time_us;
  if (by_position && time_us != key_frame.time_us) return std::nullopt;
  has_pending_ = true;
  return time_us;
}

Status VideoPackets::Rewind() {
  has_pending_ = false;
  if (access_ == Access::kByPosition && av_seek_frame(&input_->format(), -1, 0, AVSEEK_FLAG_BYTE) >= 0) return {};
  if (access_ == Access::kByTime && !key_frames_.empty() && key_frames_.front().time_us <= 0) {
    SL_ASSIGN_OR_RETURN(const auto landed, Seek(key_frames_.front()));
    if (landed && *landed <= 0) return {};
  }
  return OpenInput();
}

}  // namespace sightline::media
