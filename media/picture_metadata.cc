// SPDX-License-Identifier: BSD-3-Clause
#include "media/picture_metadata.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "base/guard.h"
#include "media/exif_internal.h"
#include "media/image_decoders_internal.h"
#include "media/image_format_internal.h"
#include "media/png_chunks_internal.h"

namespace sightline::media {
namespace {

constexpr size_t kMaxTextBytes = 128;

std::vector<std::byte> ExifOf(ByteSpan bytes) {
  const auto format = SniffImageFormat(bytes);
  if (!format) return {};
  const auto copied = [](ByteSpan block) { return std::vector<std::byte>(block.begin(), block.end()); };
  switch (*format) {
    case ImageFormat::kJpeg:
      return JpegExif(bytes);
    case ImageFormat::kWebp:
      return WebpExif(bytes);
    case ImageFormat::kHeif:
    case ImageFormat::kAvif:
      return HeifExif(bytes);
    case ImageFormat::kPng:
      return copied(FindPngExif(bytes));
    case ImageFormat::kTiff:
      return copied(bytes);
    case ImageFormat::kGif:
    case ImageFormat::kBmp:
    case ImageFormat::kOther:
      break;
  }
  return {};
}

// A number of `text` at [at, at + count); nothing unless all of them are digits.
std::optional<int> DigitsAt(std::string_view text, size_t at, size_t count) {
  if (text.size() < at + count) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// "2024:05:01 18:30:15", as if it were UTC (EXIF 2.32, section 4.6.5, tag 36867).
std::optional<int64_t> ParseExifTime(std::string_view text) {
  const auto year = DigitsAt(text, 0, 4);
  const auto month = DigitsAt(text, 5, 2);
  const auto day = DigitsAt(text, 8, 2);
  const auto hour = DigitsAt(text, 11, 2);
  const auto minute = DigitsAt(text, 14, 2);
  const auto second = DigitsAt(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (*year == 0 || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * 86'400 + *hour * 3600 + *minute * 60 + *second;
}

// Seconds of "+02:00"; 0 for anything else (EXIF 2.31, tags 36881 and 36882).
int64_t ParseOffset(std::string_view text) {
  const auto hours = DigitsAt(text, 1, 2);
  const auto minutes = DigitsAt(text, 4, 2);
  if (!hours || !minutes || *hours > 14 || *minutes > 59 || (text[0] != '+' && text[0] != '-')) return 0;
  return (text[0] == '-' ? -1 : 1) * (*hours * 3600 + *minutes * 60);
}

std::optional<int64_t> TakenAt(const TiffDirectory& exif) {
  constexpr std::array kTags = {std::pair(TiffTag::kDateTimeOriginal, TiffTag::kOffsetTimeOriginal),
                                std::pair(TiffTag::kDateTimeDigitized, TiffTag::kOffsetTimeDigitized)};
  for (const auto& [time_tag, offset_tag] : kTags) {
    const auto time = ParseExifTime(exif.Text(time_tag, kMaxTextBytes));
    if (time) return *time - ParseOffset(exif.Text(offset_tag, kMaxTextBytes));
  }
  return std::nullopt;
}

// Without what is not printable, and without space at the ends.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = c == '\0' ? ' ' : '?';
  }
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

bool StartsWithWord(std::string_view text, std::string_view word) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [&](char a, char b) { return lower(a) == lower(b); });
}

std::string CameraOf(const TiffDirectory& first) {
  std::string make = Printable(first.Text(TiffTag::kMake, kMaxTextBytes));
  std::string model = Printable(first.Text(TiffTag::kModel, kMaxTextBytes));
  if (model.empty()) return make;
  if (make.empty() || StartsWithWord(model, make)) return model;
  make.append(" ").append(model);
  return make;
}

// Degrees, minutes and seconds; 0/0 minutes or seconds mean none (EXIF 2.32, section 4.6.6).
std::optional<double> Degrees(const TiffDirectory& gps, TiffTag tag, TiffTag reference, std::string_view signs,
                              double limit) {
  const std::string direction = gps.Text(reference, kMaxTextBytes);
  const auto degrees = gps.Rational(tag, 0);
  if (direction.empty() || signs.find(direction[0]) == std::string_view::npos || !degrees) return std::nullopt;
  const double value = *degrees + gps.Rational(tag, 1).value_or(0) / 60 + gps.Rational(tag, 2).value_or(0) / 3600;
  if (!std::isfinite(value) || value > limit) return std::nullopt;
  return direction[0] == signs[0] ? value : -value;
}

PictureMetadata MetadataOf(ByteSpan tiff) {
  PictureMetadata metadata;
  const auto first = TiffDirectory::First(tiff);
  if (!first) return metadata;
  metadata.camera = CameraOf(*first);
  if (const auto exif = first->Child(TiffTag::kExifDirectory)) metadata.taken_at = TakenAt(*exif);
  if (const auto gps = first->Child(TiffTag::kGpsDirectory)) {
    const auto latitude = Degrees(*gps, TiffTag::kGpsLatitude, TiffTag::kGpsLatitudeRef, "NS", 90);
    const auto longitude = Degrees(*gps, TiffTag::kGpsLongitude, TiffTag::kGpsLongitudeRef, "EW", 180);
    if (latitude && longitude) {
      metadata.latitude = latitude;
      metadata.longitude = longitude;
    }
  }
  return metadata;
}

}  // namespace

Result<PictureMetadata> ReadPictureMetadata(const Source& source, uint64_t max_bytes) {
  SL_ASSIGN_OR_RETURN(const auto bytes, source.ReadAll(max_bytes));
  return Guard("read a picture's metadata", [&]() -> Result<PictureMetadata> {
    const std::vector<std::byte> exif = ExifOf(*bytes);
    return MetadataOf(WithoutExifPrefix(exif));
  });
}

}  // namespace sightline::media
