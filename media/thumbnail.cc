// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/guard.h"
#include "media/ffmpeg_handles_internal.h"
#include "media/image.h"
#include "media/image_format_internal.h"
#include "media/jpeg_codec_internal.h"

namespace sightline::media {
namespace {

struct Freer {
  void operator()(unsigned char* memory) const { std::free(memory); }
};

Result<std::vector<std::byte>> Encode(const uint8_t* rows, size_t stride, const PixelSize& size, int quality) {
  JpegOutput output;
  JpegFailure failure;
  const bool encoded = EncodeJpegRows(rows, stride, static_cast<int>(size.width), static_cast<int>(size.height),
                                      quality, output, failure);
  const std::unique_ptr<unsigned char, Freer> owned(output.bytes);
  if (!encoded) return Fail(ErrorCode::kInternal, std::string("cannot write a JPEG: ") + failure.text);
  const auto* start = reinterpret_cast<const std::byte*>(output.bytes);
  return std::vector<std::byte>(start, start + output.size_bytes);
}

/// The largest size that keeps the aspect ratio and fits; each side at least one pixel.
PixelSize FitInside(const ImageRgb8& picture, int max_side) {
  const double scale = static_cast<double>(max_side) / std::max(picture.width, picture.height);
  const auto side = [&](int stored) { return std::max<int64_t>(1, std::llround(stored * scale)); };
  return {side(picture.width), side(picture.height)};
}

/// Shrinks into a frame of FFmpeg's own, whose rows are padded as swscale needs it.
Result<UniqueFrame> Shrink(const ImageRgb8& picture, const PixelSize& size) {
  UniqueFrame small(av_frame_alloc());
  const auto width = static_cast<int>(size.width);
  const auto height = static_cast<int>(size.height);
  constexpr int kFlags = SWS_AREA | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
  const UniqueScaler scaler(sws_getContext(picture.width, picture.height, AV_PIX_FMT_RGB24, width, height,
                                           AV_PIX_FMT_RGB24, kFlags, nullptr, nullptr, nullptr));
  if (!small || !scaler) return Fail(ErrorCode::kInternal, "cannot set up the scaler");
  small->format = AV_PIX_FMT_RGB24;
  small->width = width;
  small->height = height;
  if (av_frame_get_buffer(small.get(), 0) < 0) return Fail(ErrorCode::kInternal, "out of memory");

  // The last row goes in from a padded copy: swscale may read a few bytes behind a row.
  const size_t row_bytes = static_cast<size_t>(picture.width) * 3;
  constexpr size_t kPadding = 64;
  std::vector<uint8_t> last_row(picture.pixels.end() - static_cast<ptrdiff_t>(row_bytes), picture.pixels.end());
  last_row.resize(row_bytes + kPadding);
  const int stride = static_cast<int>(row_bytes);
  const uint8_t* const rows[] = {picture.pixels.data()};
  const uint8_t* const last[] = {last_row.data()};
  const int above = picture.height - 1;
  if (above > 0) sws_scale(scaler.get(), rows, &stride, 0, above, small->data, small->linesize);
  sws_scale(scaler.get(), last, &stride, above, 1, small->data, small->linesize);
  return small;
}

}  // namespace

Result<std::vector<std::byte>> MakeThumbnailJpeg(const ImageRgb8& picture, int max_side, int quality) {
  if (picture.width <= 0 || picture.height <= 0 ||
      picture.pixels.size() != static_cast<size_t>(picture.width) * static_cast<size_t>(picture.height) * 3) {
    return Fail(ErrorCode::kInvalidArgument, "a thumbnail of an empty picture");
  }
  if (max_side < 1 || quality < 1 || quality > 100) {
    return Fail(ErrorCode::kInvalidArgument, "a thumbnail of at most " + std::to_string(max_side) +
                                                 " pixels per side with quality " + std::to_string(quality));
  }
  return Guard("make a thumbnail", [&]() -> Result<std::vector<std::byte>> {
    if (std::max(picture.width, picture.height) <= max_side) {
      return Encode(picture.pixels.data(), static_cast<size_t>(picture.width) * 3, {picture.width, picture.height},
                    quality);
    }
    SilenceFfmpeg();
    const PixelSize size = FitInside(picture, max_side);
    SL_ASSIGN_OR_RETURN(const UniqueFrame small, Shrink(picture, size));
    return Encode(small->data[0], static_cast<size_t>(small->linesize[0]), size, quality);
  });
}

}  // namespace sightline::media
