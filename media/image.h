// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/types.h"
#include "media/source.h"

namespace sightline::media {

enum class ImageFormat { kJpeg, kPng, kWebp, kHeif, kAvif, kGif, kBmp, kTiff, kOther };
std::string_view NameOf(ImageFormat format);

struct ImageInfo {
  ImageFormat format = ImageFormat::kOther;
  int width = 0;  ///< As stored, before EXIF orientation.
  int height = 0;
  int exif_orientation = 1;  ///< 1..8; 1 when absent or out of range.
  bool has_icc_profile = false;
};

struct DecodeOptions {
  bool apply_exif_orientation = true;  ///< Off for parity with the reference (x2vlm-spec section 8.1).
  bool convert_icc_to_srgb = false;    ///< Off by default: the reference ignores profiles.
  uint64_t max_pixels = 256'000'000;   ///< Checked against the header, before anything is allocated.
  uint64_t max_bytes = 1'000'000'000;  ///< Of the encoded file.
  Limits limits{};                     ///< Deadline and stop, checked between rows or reads where the library allows.
};

/// Reads the header only. Errors: those of Source::ReadAll; kUnsupported (not a picture format we know), kCorruption.
Result<ImageInfo> ProbeImage(const Source& source, uint64_t max_bytes);

/// Decodes one picture (of an animation or a multi-page file: the first) to RGB with Pillow's meaning of "convert to
/// RGB" (x2vlm-spec sections 8.1 and 17.2): alpha and palette transparency dropped, 16-bit gray clipped, missing rows
/// of a truncated JPEG gray 128. The content decides the format, never the file name. Errors: those of Source::ReadAll;
/// kUnsupported (not a picture format we know), kCorruption (no usable picture), kResourceExhausted (a limit),
/// kDeadlineExceeded, kCancelled.
Result<ImageRgb8> DecodeImage(const Source& source, const DecodeOptions& options);

/// A baseline JPEG of at most `max_side` pixels per side, aspect ratio kept, never enlarged.
/// Errors: kInvalidArgument (empty picture), kInternal.
Result<std::vector<std::byte>> MakeThumbnailJpeg(const ImageRgb8& picture, int max_side, int quality);

/// A PNG of the picture, nothing lost. Errors: kInvalidArgument (empty picture), kUnsupported (FFmpeg without the
/// encoder), kResourceExhausted, kInternal.
Result<std::vector<std::byte>> EncodePng(const ImageRgb8& picture);

/// Whether the file name looks like a picture that DecodeImage can read: what a folder scan picks up.
bool HasImageExtension(std::string_view file_name);

}  // namespace sightline::media
