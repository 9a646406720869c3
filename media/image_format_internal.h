// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include "base/result.h"
#include "media/byte_reader_internal.h"
#include "media/image.h"

namespace sightline::media {

/// What the first bytes say. Errors: kCorruption (empty), kUnsupported (not a picture format we know; an SVG drawing is
/// named as such).
Result<ImageFormat> SniffImageFormat(ByteSpan bytes);

struct PixelSize {
  int64_t width = 0;
  int64_t height = 0;
};

/// The size that the header of a PNG, GIF, BMP or TIFF states; nothing for other formats and cut headers.
std::optional<PixelSize> SizeFromHeader(ImageFormat format, ByteSpan bytes);

/// Errors: kCorruption (a side is not positive), kResourceExhausted (more than `max_pixels`).
Status CheckPixels(const PixelSize& size, uint64_t max_pixels);

/// A picture of this size, all bytes `fill`. Throws bad_alloc, which DecodeImage catches.
ImageRgb8 MakeImage(int width, int height, uint8_t fill = 0);

}  // namespace sightline::media
