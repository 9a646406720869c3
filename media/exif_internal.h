// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "media/byte_reader_internal.h"

namespace sightline::media {

// Note [EXIF reader]
// Less than a dozen fields are wanted, from JPEG, PNG and WebP metadata and from TIFF files themselves. libexif does
// not open TIFF files and builds the whole tag tree of hostile input first; FFmpeg shows EXIF of stills for JPEG only.
// Bounded look-ups of single tags serve all four, follow one offset at a time and cannot run away.

/// Tags by number; each directory has numbers of its own.
enum class TiffTag : uint16_t {
  kImageWidth = 256,
  kImageHeight = 257,
  kMake = 271,
  kModel = 272,
  kOrientation = 274,
  kIccProfile = 34675,
  kExifDirectory = 34665,  ///< Offset of the EXIF directory.
  kGpsDirectory = 34853,   ///< Offset of the GPS directory.
  // In the EXIF directory.
  kDateTimeOriginal = 36867,
  kDateTimeDigitized = 36868,
  kOffsetTimeOriginal = 36881,
  kOffsetTimeDigitized = 36882,
  // In the GPS directory.
  kGpsLatitudeRef = 1,
  kGpsLatitude = 2,
  kGpsLongitudeRef = 3,
  kGpsLongitude = 4,
};

/// One directory of a TIFF structure. A view: the bytes must outlive it. Never reads outside of them; a look-up passes
/// over 65,535 entries at most.
class TiffDirectory {
 public:
  /// The first directory of a structure that starts with its byte order mark; nothing when it does not.
  static std::optional<TiffDirectory> First(ByteSpan tiff);

  /// The directory that the number of `tag` is the offset of.
  std::optional<TiffDirectory> Child(TiffTag tag) const;

  bool Has(TiffTag tag) const { return FindEntry(tag).has_value(); }
  /// One unsigned 16- or 32-bit number.
  std::optional<uint32_t> Number(TiffTag tag) const;
  /// Text up to its first zero, at most `max_bytes`, any bytes; empty when there is none.
  std::string Text(TiffTag tag, size_t max_bytes) const;
  /// The unsigned fraction at `index`; nothing when its denominator is 0.
  std::optional<double> Rational(TiffTag tag, size_t index) const;

 private:
  struct Entry {
    uint32_t type = 0;
    uint32_t count = 0;
    size_t value_at = 0;  ///< Of the four bytes that hold the value or its offset.
  };

  TiffDirectory(ByteSpan tiff, bool little_endian, size_t at) : tiff_(tiff), little_endian_(little_endian), at_(at) {}
  uint32_t Read(size_t offset, size_t count) const;
  std::optional<Entry> FindEntry(TiffTag tag) const;

  ByteSpan tiff_;
  bool little_endian_;
  size_t at_;
};

/// TiffDirectory::Number and Has of the first directory.
std::optional<uint32_t> FindTiffTag(ByteSpan tiff, TiffTag tag);
bool HasTiffTag(ByteSpan tiff, TiffTag tag);

/// What follows "Exif\0\0", which some containers put in front of the TIFF structure.
ByteSpan WithoutExifPrefix(ByteSpan exif);

/// 1 to 8; 1 when the tag is absent, broken or out of range. `exif` may start with "Exif\0\0".
int ExifOrientation(ByteSpan exif);

}  // namespace sightline::media
