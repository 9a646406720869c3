// SPDX-License-Identifier: BSD-3-Clause
#include "media/png_chunks_internal.h"

#include <algorithm>
#include <string_view>

#include "media/exif_internal.h"

namespace sightline::media {
namespace {

constexpr size_t kSignatureBytes = 8;
constexpr size_t kLengthBytes = 4;
constexpr size_t kTypeBytes = 4;
constexpr size_t kCrcBytes = 4;
constexpr size_t kMaxIccBytes = 256 << 10;  ///< Compressed; it may expand a thousand times.

void AppendChunk(std::string_view type, ByteSpan data, std::vector<std::byte>& png) {
  for (int shift = 24; shift >= 0; shift -= 8) png.push_back(static_cast<std::byte>(data.size() >> shift));
  for (const char c : type) png.push_back(static_cast<std::byte>(c));
  png.insert(png.end(), data.begin(), data.end());
  png.insert(png.end(), kCrcBytes, std::byte{0});  // FFmpeg does not look at checksums unless asked to
}

}  // namespace

Result<PngContent> ReadPngChunks(ByteSpan png, bool keep_icc_profile) {
  PngContent content;
  content.picture.reserve(png.size() + 64);
  content.picture.assign(png.begin(), png.begin() + static_cast<ptrdiff_t>(std::min(kSignatureBytes, png.size())));
  bool has_pixels = false;
  for (size_t at = kSignatureBytes; at < png.size() && png.size() - at > kLengthBytes + kTypeBytes;) {
    const std::string_view type = TextAt(png, at + kLengthBytes, kTypeBytes);
    const size_t start = at + kLengthBytes + kTypeBytes;
    const size_t length = ReadBigEndian(png, at, kLengthBytes);
    const ByteSpan data = png.subspan(start, std::min(length, png.size() - start));
    if (at == kSignatureBytes && type != "IHDR") break;
    const bool cut = data.size() < length;
    if (cut && type != "IDAT") break;
    if (type == "IHDR" || type == "PLTE" || type == "IDAT") AppendChunk(type, data, content.picture);
    has_pixels = has_pixels || type == "IDAT";
    if (type == "eXIf") content.exif_orientation = ExifOrientation(data);
    if (type == "iCCP" && data.size() <= kMaxIccBytes) {
      content.has_icc_profile = true;
      if (keep_icc_profile) AppendChunk(type, data, content.picture);
    }
    if (cut || type == "IEND") break;
    at = start + length + kCrcBytes;
  }
  if (!has_pixels) return Fail(ErrorCode::kCorruption, "PNG: no pixels");
  AppendChunk("IEND", {}, content.picture);
  return content;
}

ByteSpan FindPngExif(ByteSpan png) {
  for (size_t at = kSignatureBytes; at < png.size() && png.size() - at > kLengthBytes + kTypeBytes;) {
    const size_t start = at + kLengthBytes + kTypeBytes;
    const size_t length = ReadBigEndian(png, at, kLengthBytes);
    if (length > png.size() - start) break;
    if (TextAt(png, at + kLengthBytes, kTypeBytes) == "eXIf") return png.subspan(start, length);
    at = start + length + kCrcBytes;
  }
  return {};
}

}  // namespace sightline::media
