// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>

#include "media/byte_reader_internal.h"

namespace sightline::media {

// Note [EXIF reader]
// One 16-bit number of the first directory is all that is wanted, from JPEG, PNG and WebP metadata and from TIFF files
// themselves. libexif does not open TIFF files and builds the whole tag tree of hostile input first; FFmpeg shows EXIF
// of stills for JPEG only. A bounded look-up of one tag serves all four, allocates nothing and cannot run away.

enum class TiffTag : uint16_t { kImageWidth = 256, kImageHeight = 257, kOrientation = 274, kIccProfile = 34675 };

/// The value of `tag` in the first directory of a TIFF structure (byte order mark first), when it is there as one
/// unsigned 16- or 32-bit number. Never reads outside `tiff`; looks at 65,535 entries at most.
std::optional<uint32_t> FindTiffTag(ByteSpan tiff, TiffTag tag);

/// Whether the first directory has `tag` at all.
bool HasTiffTag(ByteSpan tiff, TiffTag tag);

/// 1 to 8; 1 when the tag is absent, broken or out of range. `exif` may start with "Exif\0\0".
int ExifOrientation(ByteSpan exif);

}  // namespace sightline::media
