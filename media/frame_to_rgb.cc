// SPDX-License-Identifier: BSD-3-Clause
#include "media/frame_to_rgb_internal.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <string>

extern "C" {
#include <libavutil/pixdesc.h>
}

#include "media/image_format_internal.h"

namespace sightline::media {
namespace {

static_assert(std::endian::native == std::endian::little);

/// Where the 8 bits that count are inside a pixel, in bytes.
struct PackedLayout {
  AVPixelFormat format;
  uint8_t pixel_bytes, red, green, blue;
};

constexpr std::array kPackedLayouts = {
    PackedLayout{AV_PIX_FMT_RGB24, 3, 0, 1, 2},    PackedLayout{AV_PIX_FMT_BGR24, 3, 2, 1, 0},
    PackedLayout{AV_PIX_FMT_RGBA, 4, 0, 1, 2},     PackedLayout{AV_PIX_FMT_RGB0, 4, 0, 1, 2},
    PackedLayout{AV_PIX_FMT_BGRA, 4, 2, 1, 0},     PackedLayout{AV_PIX_FMT_BGR0, 4, 2, 1, 0},
    PackedLayout{AV_PIX_FMT_ARGB, 4, 1, 2, 3},     PackedLayout{AV_PIX_FMT_0RGB, 4, 1, 2, 3},
    PackedLayout{AV_PIX_FMT_ABGR, 4, 3, 2, 1},     PackedLayout{AV_PIX_FMT_0BGR, 4, 3, 2, 1},
    PackedLayout{AV_PIX_FMT_GRAY8, 1, 0, 0, 0},    PackedLayout{AV_PIX_FMT_YA8, 2, 0, 0, 0},
    PackedLayout{AV_PIX_FMT_YA16BE, 4, 0, 0, 0},   PackedLayout{AV_PIX_FMT_YA16LE, 4, 1, 1, 1},
    PackedLayout{AV_PIX_FMT_RGB48BE, 6, 0, 2, 4},  PackedLayout{AV_PIX_FMT_RGB48LE, 6, 1, 3, 5},
    PackedLayout{AV_PIX_FMT_RGBA64BE, 8, 0, 2, 4}, PackedLayout{AV_PIX_FMT_RGBA64LE, 8, 1, 3, 5}};

/// Calls `convert(source row, target row)` for every row of the first plane.
template <typename Convert>
ImageRgb8 ConvertRows(const AVFrame& frame, Convert convert) {
  ImageRgb8 image = MakeImage(frame.width, frame.height);
  const size_t row_bytes = static_cast<size_t>(frame.width) * 3;
  for (int y = 0; y < frame.height; ++y) {
    convert(frame.data[0] + static_cast<ptrdiff_t>(y) * frame.linesize[0],
            image.pixels.data() + static_cast<size_t>(y) * row_bytes);
  }
  return image;
}

/// As ConvertRows, one pixel at a time: `pixel(source row, x, target)`.
template <typename Pixel>
ImageRgb8 ConvertPixels(const AVFrame& frame, Pixel pixel) {
  return ConvertRows(frame, [&](const uint8_t* source, uint8_t* target) {
    for (int x = 0; x < frame.width; ++x, target += 3) pixel(source, x, target);
  });
}

void SetGray(uint8_t* target, uint8_t value) { target[0] = target[1] = target[2] = value; }

ImageRgb8 FromPacked(const AVFrame& frame, const PackedLayout& layout) {
  return ConvertRows(frame, [&](const uint8_t* source, uint8_t* target) {
    for (int x = 0; x < frame.width; ++x, source += layout.pixel_bytes, target += 3) {
      target[0] = source[layout.red];
      target[1] = source[layout.green];
      target[2] = source[layout.blue];
    }
  });
}

ImageRgb8 FromGray16(const AVFrame& frame, bool big_endian) {
  return ConvertPixels(frame, [&](const uint8_t* source, int x, uint8_t* target) {
    const uint8_t high = source[2 * x + (big_endian ? 0 : 1)];
    const uint8_t low = source[2 * x + (big_endian ? 1 : 0)];
    SetGray(target, high != 0 ? 255 : low);
  });
}

ImageRgb8 FromPalette(const AVFrame& frame) {
  return ConvertPixels(frame, [&](const uint8_t* source, int x, uint8_t* target) {
    const uint8_t* color = frame.data[1] + size_t{4} * source[x];  // native-endian ARGB
    target[0] = color[2];
    target[1] = color[1];
    target[2] = color[0];
  });
}

ImageRgb8 FromBits(const AVFrame& frame, bool one_is_white) {
  return ConvertPixels(frame, [&](const uint8_t* source, int x, uint8_t* target) {
    const bool bit = (source[x / 8] >> (7 - x % 8) & 1) != 0;
    SetGray(target, bit == one_is_white ? 255 : 0);
  });
}

/// 5 or 6 bits per channel, scaled to 255 by truncating division as Pillow does.
ImageRgb8 FromPacked16(const AVFrame& frame, int green_bits) {
  return ConvertPixels(frame, [&](const uint8_t* source, int x, uint8_t* target) {
    const int value = source[2 * x] | source[2 * x + 1] << 8;
    const int green_max = (1 << green_bits) - 1;
    target[0] = static_cast<uint8_t>((value >> (5 + green_bits) & 31) * 255 / 31);
    target[1] = static_cast<uint8_t>((value >> 5 & green_max) * 255 / green_max);
    target[2] = static_cast<uint8_t>((value & 31) * 255 / 31);
  });
}

ImageRgb8 FromPlanarRgb(const AVFrame& frame) {
  ImageRgb8 image = MakeImage(frame.width, frame.height);
  constexpr std::array<size_t, 3> kPlanes = {2, 0, 1};  // red, green, blue
  for (size_t channel = 0; channel < 3; ++channel) {
    const size_t plane = kPlanes[channel];
    uint8_t* target = image.pixels.data() + channel;
    for (int y = 0; y < frame.height; ++y) {
      const uint8_t* source = frame.data[plane] + static_cast<ptrdiff_t>(y) * frame.linesize[plane];
      for (int x = 0; x < frame.width; ++x, target += 3) *target = source[x];
    }
  }
  return image;
}

std::optional<ImageRgb8> ConvertExactly(const AVFrame& frame) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  for (const PackedLayout& layout : kPackedLayouts) {
    if (layout.format == format) return FromPacked(frame, layout);
  }
  if (format == AV_PIX_FMT_GRAY16BE || format == AV_PIX_FMT_GRAY16LE) {
    return FromGray16(frame, format == AV_PIX_FMT_GRAY16BE);
  }
  if (format == AV_PIX_FMT_PAL8) return FromPalette(frame);
  if (format == AV_PIX_FMT_MONOBLACK || format == AV_PIX_FMT_MONOWHITE) {
    return FromBits(frame, format == AV_PIX_FMT_MONOBLACK);
  }
  if (format == AV_PIX_FMT_RGB555LE) return FromPacked16(frame, 5);
  if (format == AV_PIX_FMT_RGB565LE) return FromPacked16(frame, 6);
  if (format == AV_PIX_FMT_GBRP || format == AV_PIX_FMT_GBRAP) return FromPlanarRgb(frame);
  return std::nullopt;
}

/// Through a padded frame of FFmpeg's own: swscale may write a few bytes behind a row.
Result<ImageRgb8> ConvertWithSwscale(const AVFrame& frame) {
  const auto format = static_cast<AVPixelFormat>(frame.format);
  if (sws_isSupportedInput(format) == 0) {
    const char* name = av_get_pix_fmt_name(format);
    return Fail(ErrorCode::kUnsupported, std::string("pixel format ") + (name != nullptr ? name : "unknown"));
  }
  constexpr int kFlags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
  const UniqueScaler scaler(sws_getContext(frame.width, frame.height, format, frame.width, frame.height,
                                           AV_PIX_FMT_RGB24, kFlags, nullptr, nullptr, nullptr));
  const UniqueFrame rgb(av_frame_alloc());
  if (!scaler || !rgb) return Fail(ErrorCode::kResourceExhausted, "cannot set up the color conversion");
  rgb->format = AV_PIX_FMT_RGB24;
  rgb->width = frame.width;
  rgb->height = frame.height;
  if (av_frame_get_buffer(rgb.get(), 0) < 0) return Fail(ErrorCode::kResourceExhausted, "out of memory");
  if (sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, rgb->data, rgb->linesize) != frame.height) {
    return Fail(ErrorCode::kInternal, "the color conversion failed");
  }
  return FromPacked(*rgb, kPackedLayouts.front());
}

}  // namespace

Result<ImageRgb8> FrameToRgb(const AVFrame& frame) {
  if (auto image = ConvertExactly(frame)) return *std::move(image);
  return ConvertWithSwscale(frame);
}

}  // namespace sightline::media
