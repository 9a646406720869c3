// SPDX-License-Identifier: BSD-3-Clause
#include "media/exif_internal.h"

#include <algorithm>
#include <string_view>

namespace sightline::media {
namespace {

using namespace std::string_view_literals;

constexpr size_t kEntryBytes = 12;
constexpr uint32_t kAscii = 2;
constexpr uint32_t kShort = 3;
constexpr uint32_t kLong = 4;
constexpr uint32_t kRational = 5;
constexpr size_t kRationalBytes = 8;

}  // namespace

std::optional<TiffDirectory> TiffDirectory::First(ByteSpan tiff) {
  const bool little_endian = TextAt(tiff, 0, 4) == "II*\0"sv;
  if (!little_endian && TextAt(tiff, 0, 4) != "MM\0*"sv) return std::nullopt;
  const TiffDirectory header(tiff, little_endian, 0);
  return TiffDirectory(tiff, little_endian, header.Read(4, 4));
}

std::optional<TiffDirectory> TiffDirectory::Child(TiffTag tag) const {
  const auto offset = Number(tag);
  if (!offset) return std::nullopt;
  return TiffDirectory(tiff_, little_endian_, *offset);
}

std::optional<uint32_t> TiffDirectory::Number(TiffTag tag) const {
  const auto entry = FindEntry(tag);
  if (!entry || entry->count != 1 || (entry->type != kShort && entry->type != kLong)) return std::nullopt;
  return Read(entry->value_at, entry->type == kShort ? 2 : 4);
}

std::string TiffDirectory::Text(TiffTag tag, size_t max_bytes) const {
  const auto entry = FindEntry(tag);
  if (!entry || entry->type != kAscii) return {};
  const size_t at = entry->count <= 4 ? entry->value_at : Read(entry->value_at, 4);
  const std::string_view text = TextAt(tiff_, at, std::min<size_t>(entry->count, max_bytes));
  return std::string(text.substr(0, text.find('\0')));
}

std::optional<double> TiffDirectory::Rational(TiffTag tag, size_t index) const {
  const auto entry = FindEntry(tag);
  if (!entry || entry->type != kRational || index >= entry->count) return std::nullopt;
  const size_t at = Read(entry->value_at, 4) + index * kRationalBytes;
  const uint32_t denominator = Read(at + 4, 4);
  if (denominator == 0) return std::nullopt;
  return static_cast<double>(Read(at, 4)) / denominator;
}

uint32_t TiffDirectory::Read(size_t offset, size_t count) const {
  return little_endian_ ? ReadLittleEndian(tiff_, offset, count) : ReadBigEndian(tiff_, offset, count);
}

std::optional<TiffDirectory::Entry> TiffDirectory::FindEntry(TiffTag tag) const {
  const size_t entries = Read(at_, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t at = at_ + 2 + i * kEntryBytes;
    if (at + kEntryBytes > tiff_.size()) return std::nullopt;
    if (Read(at, 2) == static_cast<uint16_t>(tag)) return Entry{Read(at + 2, 2), Read(at + 4, 4), at + 8};
  }
  return std::nullopt;
}

std::optional<uint32_t> FindTiffTag(ByteSpan tiff, TiffTag tag) {
  const auto first = TiffDirectory::First(tiff);
  return first ? first->Number(tag) : std::nullopt;
}

bool HasTiffTag(ByteSpan tiff, TiffTag tag) {
  const auto first = TiffDirectory::First(tiff);
  return first && first->Has(tag);
}

ByteSpan WithoutExifPrefix(ByteSpan exif) {
  constexpr std::string_view kPrefix = "Exif\0\0"sv;
  return TextAt(exif, 0, kPrefix.size()) == kPrefix ? exif.subspan(kPrefix.size()) : exif;
}

int ExifOrientation(ByteSpan exif) {
  const uint32_t orientation = FindTiffTag(WithoutExifPrefix(exif), TiffTag::kOrientation).value_or(1);
  return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
}

}  // namespace sightline::media
