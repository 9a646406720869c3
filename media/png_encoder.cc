// SPDX-License-Identifier: BSD-3-Clause
#include <cstring>
#include <string>

#include "base/guard.h"
#include "media/ffmpeg_handles_internal.h"
#include "media/image.h"

namespace sightline::media {
namespace {

Result<UniqueFrame> FrameOf(const ImageRgb8& picture) {
  UniqueFrame frame(av_frame_alloc());
  if (!frame) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  frame->format = AV_PIX_FMT_RGB24;
  frame->width = picture.width;
  frame->height = picture.height;
  if (av_frame_get_buffer(frame.get(), 0) < 0) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  const size_t row_bytes = static_cast<size_t>(picture.width) * 3;
  for (int y = 0; y < picture.height; ++y) {
    std::memcpy(frame->data[0] + static_cast<ptrdiff_t>(y) * frame->linesize[0],
                picture.pixels.data() + static_cast<size_t>(y) * row_bytes, row_bytes);
  }
  return frame;
}

Result<std::vector<std::byte>> Encode(const ImageRgb8& picture) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
  const UniqueCodecContext encoder(codec != nullptr ? avcodec_alloc_context3(codec) : nullptr);
  const UniquePacket packet(av_packet_alloc());
  if (!encoder || !packet) return Fail(ErrorCode::kUnsupported, "the installed FFmpeg cannot write PNG");
  encoder->width = picture.width;
  encoder->height = picture.height;
  encoder->pix_fmt = AV_PIX_FMT_RGB24;
  encoder->time_base = {1, 1};
  SL_ASSIGN_OR_RETURN(const UniqueFrame frame, FrameOf(picture));
  int result = avcodec_open2(encoder.get(), codec, nullptr);
  if (result >= 0) result = avcodec_send_frame(encoder.get(), frame.get());
  if (result >= 0) result = avcodec_receive_packet(encoder.get(), packet.get());
  if (result < 0) return Fail(ErrorCode::kInternal, "cannot write PNG: " + FfmpegErrorText(result));
  const auto* start = reinterpret_cast<const std::byte*>(packet->data);
  return std::vector<std::byte>(start, start + packet->size);
}

}  // namespace

Result<std::vector<std::byte>> EncodePng(const ImageRgb8& picture) {
  if (picture.width <= 0 || picture.height <= 0 ||
      picture.pixels.size() != static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height) * 3) {
    return Fail(ErrorCode::kInvalidArgument, "a PNG of an empty picture");
  }
  SilenceFfmpeg();
  return Guard("write PNG", [&] { return Encode(picture); });
}

}  // namespace sightline::media
