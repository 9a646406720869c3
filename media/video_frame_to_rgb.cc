// SPDX-License-Identifier: BSD-3-Clause
#include "media/video_frame_to_rgb_internal.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

extern "C" {
#include <libavutil/pixdesc.h>
}

#include "media/frame_to_rgb_internal.h"
#include "media/image_format_internal.h"
#include "media/orientation_internal.h"

namespace sightline::media {
namespace {

bool IsYuv(AVPixelFormat format) {
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(format);
  constexpr uint64_t kNotYuv = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM;
  return description != nullptr && description->nb_components >= 3 && (description->flags & kNotYuv) == 0;
}

const int* MatrixOf(const AVFrame& frame) {
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709:
      return sws_getCoefficients(SWS_CS_ITU709);
    case AVCOL_SPC_FCC:
      return sws_getCoefficients(SWS_CS_FCC);
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return sws_getCoefficients(SWS_CS_ITU601);
    case AVCOL_SPC_SMPTE240M:
      return sws_getCoefficients(SWS_CS_SMPTE240M);
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return sws_getCoefficients(SWS_CS_BT2020);
    default:
      break;
  }
  const bool hd = frame.width >= 1280 || frame.height > 576;
  return sws_getCoefficients(hd ? SWS_CS_ITU709 : SWS_CS_ITU601);
}

/// The deprecated formats that mean full range, under their modern names: swscale takes the range from us.
struct Format {
  AVPixelFormat layout;
  bool full_range;
};
Format FormatOf(const AVFrame& frame) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
      return {AV_PIX_FMT_YUV420P, true};
    case AV_PIX_FMT_YUVJ411P:
      return {AV_PIX_FMT_YUV411P, true};
    case AV_PIX_FMT_YUVJ422P:
      return {AV_PIX_FMT_YUV422P, true};
    case AV_PIX_FMT_YUVJ440P:
      return {AV_PIX_FMT_YUV440P, true};
    case AV_PIX_FMT_YUVJ444P:
      return {AV_PIX_FMT_YUV444P, true};
    default:
      return {format, frame.color_range == AVCOL_RANGE_JPEG};
  }
}

ImageRgb8 CopyRows(const AVFrame& rgb) {
  ImageRgb8 image = MakeImage(rgb.width, rgb.height);
  const size_t row_bytes = static_cast<size_t>(rgb.width) * 3;
  for (int y = 0; y < rgb.height; ++y) {
    std::memcpy(image.pixels.data() + static_cast<size_t>(y) * row_bytes,
                rgb.data[0] + static_cast<ptrdiff_t>(y) * rgb.linesize[0], row_bytes);
  }
  return image;
}

/// Every n-th pixel of every n-th row will do: about 200 rows of 300 pixels.
constexpr int kLumaRows = 200;
constexpr int kLumaColumns = 300;
static_assert(kLumaBins == 64);

template <typename LevelAt>
LumaHistogram Count(int width, int height, LevelAt level_at) {
  LumaHistogram histogram{};
  const int row_step = std::max(1, height / kLumaRows);
  const int column_step = std::max(1, width / kLumaColumns);
  for (int y = 0; y < height; y += row_step) {
    for (int x = 0; x < width; x += column_step) ++histogram[level_at(x, y)];
  }
  return histogram;
}

/// Nothing when the format has no samples of luma that can be read as bytes or little-endian words.
std::optional<LumaHistogram> CountLuma(const AVFrame& frame) {
  const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  constexpr uint64_t kNoLuma = AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BITSTREAM |
                               AV_PIX_FMT_FLAG_HWACCEL | AV_PIX_FMT_FLAG_BAYER | AV_PIX_FMT_FLAG_FLOAT;
  if (description == nullptr || (description->flags & kNoLuma) != 0) return std::nullopt;
  const AVComponentDescriptor& luma = description->comp[0];
  const bool wide = luma.depth > 8;
  if (luma.depth < 8 || luma.depth > 16 || (wide && (description->flags & AV_PIX_FMT_FLAG_BE) != 0))
    return std::nullopt;
  // Limited range reaches from 16 to 235 of 255.
  const bool limited = description->nb_components >= 3 && !FormatOf(frame).full_range;
  const auto bin_of = [limited](int value) {
    if (limited) value = (value - 16) * 255 / 219;
    return static_cast<size_t>(std::clamp(value, 0, 255) / 4);
  };
  const uint8_t* plane = frame.data[luma.plane] + luma.offset;
  const ptrdiff_t line = frame.linesize[luma.plane];
  if (!wide) {
    return Count(frame.width, frame.height, [&](int x, int y) { return bin_of(plane[y * line + x * luma.step]); });
  }
  return Count(frame.width, frame.height, [&](int x, int y) {
    const uint8_t* sample = plane + y * line + x * luma.step;
    return bin_of((sample[0] | sample[1] << 8) >> luma.shift >> (luma.depth - 8));
  });
}

}  // namespace

Result<ImageRgb8> VideoFrameToRgb::Scale(const AVFrame& frame, int width, int height) {
  const Format format = FormatOf(frame);
  if (sws_isSupportedInput(format.layout) == 0) {
    const char* name = av_get_pix_fmt_name(format.layout);
    return Fail(ErrorCode::kUnsupported, std::string("pixel format ") + (name != nullptr ? name : "unknown"));
  }
  constexpr int kFlags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
  scaler_.reset(sws_getCachedContext(scaler_.release(), frame.width, frame.height, format.layout, width, height,
                                     AV_PIX_FMT_RGB24, kFlags, nullptr, nullptr, nullptr));
  // Through a padded frame of FFmpeg's own: swscale may write a few bytes behind a row.
  const UniqueFrame rgb(av_frame_alloc());
  if (!scaler_ || !rgb) return Fail(ErrorCode::kResourceExhausted, "cannot set up the color conversion");
  constexpr int kOne = 1 << 16;
  // Fails for formats that have no matrix, which need none.
  sws_setColorspaceDetails(scaler_.get(), MatrixOf(frame), format.full_range ? 1 : 0,
                           sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, kOne, kOne);
  rgb->format = AV_PIX_FMT_RGB24;
  rgb->width = width;
  rgb->height = height;
  if (av_frame_get_buffer(rgb.get(), 0) < 0) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  if (sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, rgb->data, rgb->linesize) != height) {
    return Fail(ErrorCode::kInternal, "the color conversion failed");
  }
  return CopyRows(*rgb);
}

Result<ImageRgb8> VideoFrameToRgb::Convert(const AVFrame& frame, const FrameGeometry& geometry) {
  const ShownSize shown = ShownSizeOf(frame, geometry);
  SL_RETURN_IF_ERROR(CheckPixels({shown.width, shown.height}, max_pixels_));
  const bool turned = geometry.exif_orientation >= 5;
  const int width = turned ? shown.height : shown.width;
  const int height = turned ? shown.width : shown.height;
  const bool exact = width == frame.width && height == frame.height && !IsYuv(static_cast<AVPixelFormat>(frame.format));
  SL_ASSIGN_OR_RETURN(ImageRgb8 picture, exact ? FrameToRgb(frame) : Scale(frame, width, height));
  return ApplyOrientation(std::move(picture), geometry.exif_orientation);
}

Result<LumaHistogram> LumaHistogramOf(const AVFrame& frame, VideoFrameToRgb& converter) {
  if (const auto histogram = CountLuma(frame)) return *histogram;
  SL_ASSIGN_OR_RETURN(const ImageRgb8 picture, converter.Convert(frame, {}));
  return Count(picture.width, picture.height, [&](int x, int y) {
    const uint8_t* pixel =
        &picture.pixels[(static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x)) * 3];
    return static_cast<size_t>((pixel[0] * 299 + pixel[1] * 587 + pixel[2] * 114) / 4000);
  });
}

}  // namespace sightline::media
