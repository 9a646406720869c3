// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

namespace sightline::media {

// One owning handle per FFmpeg object.
struct CodecContextDeleter {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct PacketDeleter {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FrameDeleter {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct ScalerDeleter {
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};
/// Also frees the buffer, which FFmpeg may have replaced by another.
struct IoContextDeleter {
  void operator()(AVIOContext* context) const;
};
/// Of an opened input.
struct FormatContextDeleter {
  void operator()(AVFormatContext* context) const { avformat_close_input(&context); }
};
using UniqueIoContext = std::unique_ptr<AVIOContext, IoContextDeleter>;
using UniqueFormatContext = std::unique_ptr<AVFormatContext, FormatContextDeleter>;
using UniqueCodecContext = std::unique_ptr<AVCodecContext, CodecContextDeleter>;
using UniquePacket = std::unique_ptr<AVPacket, PacketDeleter>;
using UniqueFrame = std::unique_ptr<AVFrame, FrameDeleter>;
using UniqueScaler = std::unique_ptr<SwsContext, ScalerDeleter>;

/// FFmpeg writes to standard error by default; our errors go through Result. Once per process, thread-safe.
void SilenceFfmpeg();

/// FFmpeg's text for one of its error numbers.
std::string FfmpegErrorText(int error_number);

}  // namespace sightline::media
