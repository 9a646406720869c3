// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "media/byte_reader_internal.h"
#include "media/image.h"

namespace sightline::media {

/// A picture as stored, with what is needed to show it upright and in sRGB.
struct DecodedImage {
  ImageRgb8 image;
  int exif_orientation = 1;
  std::vector<std::byte> icc_profile;  ///< Empty when there is none, or when it was not asked for.
};

// One pair per library. `bytes` is a whole file of the format that the name says. Probes read the header only and check
// no limits. Errors of the decoders: kCorruption (no usable picture), kUnsupported (a variant the library cannot do),
// kResourceExhausted (options.max_pixels, memory), kCancelled, kDeadlineExceeded. Messages name no file.

Result<ImageInfo> ProbeJpeg(ByteSpan bytes);
Result<DecodedImage> DecodeJpeg(ByteSpan bytes, const DecodeOptions& options);

Result<ImageInfo> ProbeWebp(ByteSpan bytes);
Result<DecodedImage> DecodeWebp(ByteSpan bytes, const DecodeOptions& options);

/// HEIC and AVIF. Rotations and mirrors of the container are part of the picture and always applied; the EXIF
/// orientation repeats them and is not read.
Result<ImageInfo> ProbeHeif(ByteSpan bytes);
Result<DecodedImage> DecodeHeif(ByteSpan bytes, const DecodeOptions& options);

// The EXIF block of a whole file, which may start with "Exif\0\0"; empty when there is none or the file is broken.

std::vector<std::byte> JpegExif(ByteSpan bytes);
std::vector<std::byte> WebpExif(ByteSpan bytes);
std::vector<std::byte> HeifExif(ByteSpan bytes);

/// PNG, GIF, BMP, TIFF and the formats called kOther, through FFmpeg.
Result<ImageInfo> ProbeWithFfmpeg(ImageFormat format, ByteSpan bytes);
Result<DecodedImage> DecodeWithFfmpeg(ImageFormat format, ByteSpan bytes, const DecodeOptions& options);

}  // namespace sightline::media
