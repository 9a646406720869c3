// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "media/source.h"

namespace sightline::media {

/// What a camera wrote into a picture's EXIF block.
struct PictureMetadata {
  /// Seconds since 1970: DateTimeOriginal, else DateTimeDigitized, with its own offset from UTC; cameras that write
  /// none mean local time somewhere, and it is taken for UTC.
  std::optional<int64_t> taken_at;
  std::string camera;  ///< Maker and model, printable ASCII, the maker not twice; empty when neither is there.
  std::optional<double> latitude;   ///< Degrees, north positive. There with the longitude or not at all.
  std::optional<double> longitude;  ///< Degrees, east positive.

  friend bool operator==(const PictureMetadata&, const PictureMetadata&) = default;
};

/// Reads the EXIF block of a JPEG, PNG, WebP, HEIF, AVIF or TIFF file. What is absent, broken or out of range is left
/// out, and other formats have nothing. Errors: those of Source::ReadAll.
Result<PictureMetadata> ReadPictureMetadata(const Source& source, uint64_t max_bytes);

}  // namespace sightline::media
