// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstring>
#include <string>

extern "C" {
#include <libavutil/imgutils.h>
}

#include "media/exif_internal.h"
#include "media/ffmpeg_handles_internal.h"
#include "media/frame_to_rgb_internal.h"
#include "media/image_decoders_internal.h"
#include "media/image_format_internal.h"
#include "media/png_chunks_internal.h"

namespace sightline::media {
namespace {

// Note [Stills without a demuxer]
// A still is one packet: the whole file goes to the one decoder that its first bytes name. FFmpeg's own guessing, which
// also knows play lists, scripts and network addresses, never sees an untrusted picture.

AVCodecID CodecOf(ImageFormat format, ByteSpan bytes) {
  switch (format) {
    case ImageFormat::kPng:
      return AV_CODEC_ID_PNG;
    case ImageFormat::kGif:
      return AV_CODEC_ID_GIF;
    case ImageFormat::kBmp:
      return AV_CODEC_ID_BMP;
    case ImageFormat::kTiff:
      return AV_CODEC_ID_TIFF;
    case ImageFormat::kOther:
      break;
    case ImageFormat::kJpeg:
    case ImageFormat::kWebp:
    case ImageFormat::kHeif:
    case ImageFormat::kAvif:
      return AV_CODEC_ID_NONE;
  }
  const std::string_view start = TextAt(bytes, 0, 2);
  if (start == "P7") return AV_CODEC_ID_PAM;
  if (start == "P1" || start == "P4") return AV_CODEC_ID_PBM;
  if (start == "P2" || start == "P5") return AV_CODEC_ID_PGM;
  if (start == "P3" || start == "P6") return AV_CODEC_ID_PPM;
  return start == "qo" ? AV_CODEC_ID_QOI : AV_CODEC_ID_JPEGXL;
}

/// What the decoder's buffer request tells before anything large is allocated.
struct BufferRequest {
  uint64_t max_pixels = 0;
  bool probe_only = false;
  PixelSize size{};
};

int OnBufferRequest(AVCodecContext* context, AVFrame* frame, int flags) {
  auto& request = *static_cast<BufferRequest*>(context->opaque);
  request.size = {context->width, context->height};
  if (request.probe_only || !CheckPixels(request.size, request.max_pixels)) return AVERROR_EXIT;
  const int result = avcodec_default_get_buffer2(context, frame, flags);
  // Rows that a damaged file does not fill are black, not whatever the memory held.
  for (AVBufferRef* buffer : frame->buf) {
    if (result >= 0 && buffer != nullptr) std::memset(buffer->data, 0, buffer->size);
  }
  return result;
}

Result<UniqueCodecContext> OpenDecoder(AVCodecID id, BufferRequest& request) {
  const AVCodec* codec = avcodec_find_decoder(id);
  if (codec == nullptr) {
    return Fail(ErrorCode::kUnsupported, std::string("the installed FFmpeg cannot read ") + avcodec_get_name(id));
  }
  UniqueCodecContext context(avcodec_alloc_context3(codec));
  if (!context) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  context->thread_count = 1;  // files are decoded in parallel already
  context->opaque = &request;
  context->get_buffer2 = OnBufferRequest;
  const int opened = avcodec_open2(context.get(), codec, nullptr);
  if (opened < 0) return Fail(ErrorCode::kInternal, "cannot open the decoder: " + FfmpegErrorText(opened));
  return context;
}

Result<UniquePacket> MakePacket(ByteSpan bytes) {
  UniquePacket packet(av_packet_alloc());
  if (!packet || bytes.size() > INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE ||
      av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) {
    return Fail(ErrorCode::kResourceExhausted, "out of memory for " + std::to_string(bytes.size()) + " bytes");
  }
  packet->flags |= AV_PKT_FLAG_KEY;
  std::memcpy(packet->data, bytes.data(), bytes.size());
  return packet;
}

/// Of an animation, Pillow shows the first frame on a canvas of color 0, or of the transparent color, and drops
/// transparency afterwards. FFmpeg paints transparent pixels white instead: so the mark of transparency is taken out.
void DropGifTransparency(AVPacket& gif) {
  const ByteSpan bytes(reinterpret_cast<const std::byte*>(gif.data), static_cast<size_t>(gif.size));
  const size_t color_table = ReadLittleEndian(bytes, 10, 1);
  size_t at = 13 + ((color_table & 0x80) != 0 ? size_t{3} << ((color_table & 7) + 1) : 0);
  if (at >= bytes.size()) return;
  gif.data[11] = 0;  // the background color
  while (ReadLittleEndian(bytes, at, 1) == 0x21) {
    if (ReadLittleEndian(bytes, at + 1, 1) == 0xF9 && at + 7 < bytes.size()) {
      if ((gif.data[at + 3] & 1) != 0) gif.data[11] = gif.data[at + 6];
      gif.data[at + 3] = static_cast<uint8_t>(gif.data[at + 3] & ~1);
    }
    at += 2;
    while (const size_t length = ReadLittleEndian(bytes, at, 1)) at += length + 1;
    ++at;
  }
}

tl::unexpected<Error> FailWith(int error_number) {
  const bool memory = error_number == AVERROR(ENOMEM);
  const bool unsupported = error_number == AVERROR_PATCHWELCOME || error_number == AVERROR(ENOSYS);
  return Fail(memory        ? ErrorCode::kResourceExhausted
              : unsupported ? ErrorCode::kUnsupported
                            : ErrorCode::kCorruption,
              "cannot decode: " + FfmpegErrorText(error_number));
}

Result<UniqueFrame> DecodeFrame(ImageFormat format, ByteSpan bytes, BufferRequest& request) {
  SilenceFfmpeg();
  SL_ASSIGN_OR_RETURN(const UniqueCodecContext context, OpenDecoder(CodecOf(format, bytes), request));
  SL_ASSIGN_OR_RETURN(const UniquePacket packet, MakePacket(bytes));
  if (format == ImageFormat::kGif) DropGifTransparency(*packet);
  UniqueFrame frame(av_frame_alloc());
  if (!frame) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  int result = avcodec_send_packet(context.get(), packet.get());
  if (result >= 0) result = avcodec_send_packet(context.get(), nullptr);
  if (result >= 0) result = avcodec_receive_frame(context.get(), frame.get());
  if (result >= 0) return frame;
  // The limit is the reason only when it was the limit that we refused.
  if (result == AVERROR_EXIT && !request.probe_only) SL_RETURN_IF_ERROR(CheckPixels(request.size, request.max_pixels));
  return FailWith(result);
}

struct Picture {
  std::vector<std::byte> rewritten;  ///< Empty: the file as it is.
  int exif_orientation = 1;
  bool has_icc_profile = false;
};

Result<Picture> Prepare(ImageFormat format, ByteSpan bytes, bool keep_icc_profile) {
  Picture picture;
  if (format == ImageFormat::kPng) {
    SL_ASSIGN_OR_RETURN(PngContent content, ReadPngChunks(bytes, keep_icc_profile));
    picture.rewritten = std::move(content.picture);
    picture.exif_orientation = content.exif_orientation;
    picture.has_icc_profile = content.has_icc_profile;
  }
  if (format == ImageFormat::kTiff) {
    picture.exif_orientation = ExifOrientation(bytes);
    picture.has_icc_profile = HasTiffTag(bytes, TiffTag::kIccProfile);
  }
  return picture;
}

/// Before FFmpeg sees it: its own limit on sizes would come back as "invalid data".
Status CheckHeaderSize(ImageFormat format, ByteSpan bytes, uint64_t max_pixels) {
  const auto size = SizeFromHeader(format, bytes);
  if (!size) return {};
  SL_RETURN_IF_ERROR(CheckPixels(*size, max_pixels));
  if (av_image_check_size(static_cast<unsigned>(size->width), static_cast<unsigned>(size->height), 0, nullptr) >= 0) {
    return {};
  }
  return Fail(ErrorCode::kResourceExhausted, std::to_string(size->width) + " x " + std::to_string(size->height) +
                                                 " pixels, more than FFmpeg can hold");
}

}  // namespace

Result<ImageInfo> ProbeWithFfmpeg(ImageFormat format, ByteSpan bytes) {
  SL_ASSIGN_OR_RETURN(const Picture picture, Prepare(format, bytes, false));
  BufferRequest request{.probe_only = true};
  if (const auto size = SizeFromHeader(format, bytes)) {
    request.size = *size;
  } else if (auto frame = DecodeFrame(format, bytes, request); request.size.width == 0) {
    return tl::unexpected(frame ? Error{ErrorCode::kCorruption, "no size in the header"} : frame.error());
  }
  SL_RETURN_IF_ERROR(CheckPixels(request.size, UINT64_MAX));
  return ImageInfo{.format = format,
                   .width = static_cast<int>(request.size.width),
                   .height = static_cast<int>(request.size.height),
                   .exif_orientation = picture.exif_orientation,
                   .has_icc_profile = picture.has_icc_profile};
}

Result<DecodedImage> DecodeWithFfmpeg(ImageFormat format, ByteSpan bytes, const DecodeOptions& options) {
  SL_RETURN_IF_ERROR(CheckHeaderSize(format, bytes, options.max_pixels));
  SL_ASSIGN_OR_RETURN(const Picture picture, Prepare(format, bytes, options.convert_icc_to_srgb));
  BufferRequest request{.max_pixels = options.max_pixels};
  const ByteSpan content = picture.rewritten.empty() ? bytes : ByteSpan(picture.rewritten);
  SL_ASSIGN_OR_RETURN(const UniqueFrame frame, DecodeFrame(format, content, request));
  SL_RETURN_IF_ERROR(options.limits.Check("decode a picture"));
  DecodedImage decoded;
  decoded.exif_orientation = picture.exif_orientation;
  SL_ASSIGN_OR_RETURN(decoded.image, FrameToRgb(*frame));
  const AVFrameSideData* profile = av_frame_get_side_data(frame.get(), AV_FRAME_DATA_ICC_PROFILE);
  if (options.convert_icc_to_srgb && profile != nullptr) {
    const auto* start = reinterpret_cast<const std::byte*>(profile->data);
    decoded.icc_profile.assign(start, start + profile->size);
  }
  return decoded;
}

}  // namespace sightline::media
