// SPDX-License-Identifier: BSD-3-Clause
#include "media/exif_internal.h"

#include <string_view>

namespace sightline::media {

namespace {

/// A directory entry and how its numbers are stored.
struct Entry {
  ByteSpan bytes;
  bool little_endian = true;

  uint32_t Read(size_t offset, size_t count) const {
    return little_endian ? ReadLittleEndian(bytes, offset, count) : ReadBigEndian(bytes, offset, count);
  }
};

std::optional<Entry> FindEntry(ByteSpan tiff, TiffTag tag) {
  using namespace std::string_view_literals;
  const bool little_endian = TextAt(tiff, 0, 4) == "II*\0"sv;
  if (!little_endian && TextAt(tiff, 0, 4) != "MM\0*"sv) return std::nullopt;
  const Entry whole{tiff, little_endian};
  constexpr size_t kEntryBytes = 12;
  const size_t directory = whole.Read(4, 4);
  const size_t entries = whole.Read(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t at = directory + 2 + i * kEntryBytes;
    if (at + kEntryBytes > tiff.size()) return std::nullopt;
    if (whole.Read(at, 2) == static_cast<uint16_t>(tag)) return Entry{tiff.subspan(at, kEntryBytes), little_endian};
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint32_t> FindTiffTag(ByteSpan tiff, TiffTag tag) {
  constexpr uint32_t kShort = 3;
  constexpr uint32_t kLong = 4;
  const auto entry = FindEntry(tiff, tag);
  if (!entry) return std::nullopt;
  const uint32_t type = entry->Read(2, 2);
  if (entry->Read(4, 4) != 1 || (type != kShort && type != kLong)) return std::nullopt;
  return entry->Read(8, type == kShort ? 2 : 4);
}

bool HasTiffTag(ByteSpan tiff, TiffTag tag) { return FindEntry(tiff, tag).has_value(); }

int ExifOrientation(ByteSpan exif) {
  using namespace std::string_view_literals;
  constexpr std::string_view kPrefix = "Exif\0\0"sv;
  if (TextAt(exif, 0, kPrefix.size()) == kPrefix) exif = exif.subspan(kPrefix.size());
  const uint32_t orientation = FindTiffTag(exif, TiffTag::kOrientation).value_or(1);
  return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
}

}  // namespace sightline::media
