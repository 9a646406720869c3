// SPDX-License-Identifier: BSD-3-Clause
#include "media/frame_cursor_internal.h"

#include <algorithm>
#include <string>
#include <utility>

#include "media/image_format_internal.h"
#include "media/video_stream_internal.h"

namespace sightline::media {
namespace {

/// More packets in a row that give no frame than any healthy stream has.
constexpr int kMaxBarrenPackets = 1000;
constexpr int kMaxDecoderThreads = 16;
/// Key frames to try before the start of the file.
constexpr int kMaxSteps = 3;

bool IsHeld(const TimedFrame& frame) { return frame.frame != nullptr; }

/// AVI has no presentation times; those that FFmpeg derives for reordered frames are right from the start only.
bool HasExactSeeks(const VideoPackets& packets, const AVCodecContext& decoder) {
  if (std::string_view(packets.format().iformat->name) != "avi") return true;
  const AVCodecDescriptor* description = avcodec_descriptor_get(decoder.codec_id);
  if (description != nullptr && (description->props & AV_CODEC_PROP_REORDER) == 0) return true;
  return decoder.codec_id == AV_CODEC_ID_MPEG4 && decoder.has_b_frames == 0;
}

}  // namespace

Result<std::unique_ptr<FrameCursor>> FrameCursor::Open(const Source& source, const VideoOptions& options,
                                                       Watchdog& watchdog) {
  std::unique_ptr<FrameCursor> cursor(new FrameCursor(options, watchdog));
  cursor->packet_.reset(av_packet_alloc());
  if (!cursor->packet_) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  SL_ASSIGN_OR_RETURN(cursor->packets_, VideoPackets::Open(source, watchdog));
  SL_RETURN_IF_ERROR(cursor->OpenDecoder());
  SL_RETURN_IF_ERROR(cursor->OpenFirstFrame());
  SL_RETURN_IF_ERROR(cursor->packets_->Survey());
  cursor->positioned_ = false;
  return cursor;
}

Status FrameCursor::OpenDecoder() {
  const AVCodecParameters& parameters = *packets_->stream().codecpar;
  if (parameters.width > 0 && parameters.height > 0) {
    SL_RETURN_IF_ERROR(CheckPixels({parameters.width, parameters.height}, options_.max_pixels));
  }
  const AVCodec* codec = avcodec_find_decoder(parameters.codec_id);
  decoder_.reset(codec != nullptr ? avcodec_alloc_context3(codec) : nullptr);
  if (!decoder_ || avcodec_parameters_to_context(decoder_.get(), &parameters) < 0) {
    return Fail(ErrorCode::kResourceExhausted, "cannot set up the decoder");
  }
  decoder_->pkt_timebase = packets_->stream().time_base;
  decoder_->thread_count = std::clamp(options_.decoder_threads, 1, kMaxDecoderThreads);
  decoder_->max_pixels = static_cast<int64_t>(std::min<uint64_t>(options_.max_pixels, INT64_MAX));
  const int opened = avcodec_open2(decoder_.get(), codec, nullptr);
  if (opened >= 0) return {};
  return Fail(ErrorCode::kCorruption,
              std::string("cannot open the decoder of ") + codec->name + ": " + FfmpegErrorText(opened));
}

Status FrameCursor::OpenFirstFrame() {
  drop_before_us_ = INT64_MIN;
  positioned_ = true;
  SL_ASSIGN_OR_RETURN(const bool found, DecodeNext());
  if (!found) return Fail(ErrorCode::kCorruption, "no frame of it can be decoded");
  const AVFrame& frame = *next_.frame;
  const int64_t ticks = frame.pts != AV_NOPTS_VALUE ? frame.pts : frame.best_effort_timestamp;
  if (ticks != AV_NOPTS_VALUE) packets_->SetStart(ticks);
  next_.time_us = 0;
  exact_seeks_ = HasExactSeeks(*packets_, *decoder_);
  return {};
}

ptrdiff_t FrameCursor::KeyFrameBefore(int64_t time_us) const {
  const auto& keys = packets_->key_frames();
  const auto after = std::upper_bound(keys.begin(), keys.end(), time_us,
                                      [](int64_t time, const KeyFrame& key) { return time < key.time_us; });
  return after - keys.begin() - 1;
}

bool FrameCursor::SeekPays(int64_t time_us) const {
  if (!seekable()) return false;
  const ptrdiff_t key = KeyFrameBefore(time_us);
  if (key < 0) return false;
  const int inside = decoder_->has_b_frames + decoder_->thread_count;  // what a seek throws away and decodes anew
  const int64_t gain_us = packets_->key_frames()[static_cast<size_t>(key)].time_us - last_time_us_.value_or(0);
  return gain_us > (inside + 2) * packets_->interval_us();
}

void FrameCursor::ForgetFrames() {
  avcodec_flush_buffers(decoder_.get());
  shown_ = {};
  next_ = {};
  last_time_us_.reset();
  input_ended_ = false;
  barren_packets_ = 0;
  shown_key_frame_ = -1;
  positioned_ = true;
}

Status FrameCursor::EnterAtStart() {
  ForgetFrames();
  SL_RETURN_IF_ERROR(packets_->Rewind());
  drop_before_us_ = INT64_MIN;
  return {};
}

Status FrameCursor::EnterBefore(int64_t time_us, ptrdiff_t key_frame) {
  for (int step = 0; step < kMaxSteps && key_frame > 0 && seekable(); ++step, --key_frame) {
    ForgetFrames();
    SL_ASSIGN_OR_RETURN(const auto landed, packets_->Seek(packets_->key_frames()[static_cast<size_t>(key_frame)]));
    if (!landed || *landed > time_us) continue;
    drop_before_us_ = *landed;
    SL_RETURN_IF_ERROR(AdvanceTo(time_us));
    if (IsHeld(shown_)) return {};
  }
  SL_RETURN_IF_ERROR(EnterAtStart());
  return AdvanceTo(time_us);
}

Result<const TimedFrame*> FrameCursor::FrameAt(int64_t time_us) {
  const bool backwards = IsHeld(shown_) && time_us < shown_.time_us;
  if (!positioned_ || backwards || SeekPays(time_us)) {
    SL_RETURN_IF_ERROR(EnterBefore(time_us, KeyFrameBefore(time_us)));
  } else {
    SL_RETURN_IF_ERROR(AdvanceTo(time_us));
  }
  if (IsHeld(shown_)) return &shown_;
  if (IsHeld(next_)) return &next_;
  return Fail(ErrorCode::kCorruption, "no frame can be decoded");
}

Status FrameCursor::AdvanceTo(int64_t time_us) {
  while (true) {
    if (!IsHeld(next_)) {
      SL_ASSIGN_OR_RETURN(const bool more, DecodeNext());
      if (!more) return {};
    }
    if (next_.time_us > time_us) return {};
    shown_ = std::exchange(next_, {});
  }
}

Result<bool> FrameCursor::DecodeNext() {
  UniqueFrame frame(av_frame_alloc());
  if (!frame) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  while (true) {
    SL_RETURN_IF_ERROR(watchdog_.Check("decode a video"));
    const int received = avcodec_receive_frame(decoder_.get(), frame.get());
    if (received >= 0) {
      next_.frame = std::move(frame);
      Stamp();
      barren_packets_ = 0;
      watchdog_.Progress();
      if (next_.time_us >= drop_before_us_) return true;
      frame = std::move(next_.frame);
      av_frame_unref(frame.get());
      continue;
    }
    if (received == AVERROR_EOF) return false;
    if (received == AVERROR(ENOMEM)) return Fail(ErrorCode::kResourceExhausted, "out of memory");
    // Anything else is a damaged packet: the next one may be whole.
    if (input_ended_ && received == AVERROR(EAGAIN)) return false;
    SL_RETURN_IF_ERROR(Feed());
  }
}

Status FrameCursor::Feed() {
  SL_ASSIGN_OR_RETURN(const bool more, packets_->Next(*packet_));
  if (!more) {
    input_ended_ = true;
    avcodec_send_packet(decoder_.get(), nullptr);
    return {};
  }
  if (++barren_packets_ > kMaxBarrenPackets) {
    return Fail(ErrorCode::kCorruption, "no frame in " + std::to_string(kMaxBarrenPackets) + " packets");
  }
  if (avcodec_send_packet(decoder_.get(), packet_.get()) == AVERROR(ENOMEM)) {
    return Fail(ErrorCode::kResourceExhausted, "out of memory");
  }
  av_packet_unref(packet_.get());
  return {};
}

void FrameCursor::Stamp() {
  const AVFrame& frame = *next_.frame;
  const int64_t ticks = frame.pts != AV_NOPTS_VALUE ? frame.pts : frame.best_effort_timestamp;
  if (ticks != AV_NOPTS_VALUE) {
    next_.time_us = packets_->TimeOf(ticks);
  } else if (last_time_us_) {
    next_.time_us = *last_time_us_ + packets_->interval_us();
  } else {
    next_.time_us = std::max<int64_t>(drop_before_us_, 0);
  }
  if (last_time_us_) next_.time_us = std::max(next_.time_us, *last_time_us_);
  last_time_us_ = next_.time_us;
}

Result<const TimedFrame*> FrameCursor::KeyFrameNear(int64_t time_us) {
  const auto& keys = packets_->key_frames();
  if (!seekable()) return FrameAt(time_us);
  auto nearest = static_cast<size_t>(std::max<ptrdiff_t>(KeyFrameBefore(time_us), 0));
  if (nearest + 1 < keys.size() && keys[nearest + 1].time_us - time_us < time_us - keys[nearest].time_us) ++nearest;
  if (shown_key_frame_ == static_cast<ptrdiff_t>(nearest)) return &shown_;
  SL_ASSIGN_OR_RETURN(const bool decoded, DecodeOnly(keys[nearest]));
  if (!decoded) return FrameAt(keys[nearest].time_us);
  shown_key_frame_ = static_cast<ptrdiff_t>(nearest);
  return &shown_;
}

Result<bool> FrameCursor::DecodeOnly(const KeyFrame& key_frame) {
  ForgetFrames();
  positioned_ = false;
  SL_ASSIGN_OR_RETURN(const auto landed, packets_->Seek(key_frame));
  if (!landed) return false;
  drop_before_us_ = *landed;
  SL_RETURN_IF_ERROR(Feed());
  // Nothing more comes: the decoder gives the frame at once.
  input_ended_ = true;
  avcodec_send_packet(decoder_.get(), nullptr);
  SL_ASSIGN_OR_RETURN(const bool found, DecodeNext());
  if (found) shown_ = std::exchange(next_, {});
  return found;
}

void FrameCursor::SetRough(bool rough) {
  decoder_->skip_loop_filter = rough ? AVDISCARD_ALL : AVDISCARD_DEFAULT;
  decoder_->skip_frame = rough ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
  positioned_ = false;
}

}  // namespace sightline::media
