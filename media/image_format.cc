// SPDX-License-Identifier: BSD-3-Clause
#include "media/image_format_internal.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "media/exif_internal.h"

namespace sightline::media {
namespace {

/// `ftyp` box: HEIF and AVIF are told apart from videos by their brands.
std::optional<ImageFormat> SniffBrands(ByteSpan bytes) {
  if (TextAt(bytes, 4, 4) != "ftyp") return std::nullopt;
  constexpr std::array<std::string_view, 8> kHeifBrands = {"heic", "heix", "heim", "heis",
                                                           "hevc", "hevx", "mif1", "msf1"};
  const size_t end = std::min<size_t>(bytes.size(), ReadBigEndian(bytes, 0, 4));
  bool heif = false;
  for (size_t at = 8; at + 4 <= end; at += 4) {
    const std::string_view brand = TextAt(bytes, at, 4);
    if (brand == "avif" || brand == "avis") return ImageFormat::kAvif;
    heif = heif || std::find(kHeifBrands.begin(), kHeifBrands.end(), brand) != kHeifBrands.end();
  }
  return heif ? std::optional(ImageFormat::kHeif) : std::nullopt;
}

/// PNM and PAM: "P", a digit, white space.
bool IsPortableMap(ByteSpan bytes) {
  const std::string_view start = TextAt(bytes, 0, 3);
  return start.size() == 3 && start[0] == 'P' && start[1] >= '1' && start[1] <= '7' &&
         std::string_view(" \t\r\n").find(start[2]) != std::string_view::npos;
}

bool IsSvg(ByteSpan bytes) {
  std::string_view head = TextAt(bytes, 0, 1024);
  return head.find("<svg") != std::string_view::npos;
}

}  // namespace

Result<ImageFormat> SniffImageFormat(ByteSpan bytes) {
  if (bytes.empty()) return Fail(ErrorCode::kCorruption, "the file is empty");
  struct Magic {
    std::string_view start;
    ImageFormat format;
  };
  using namespace std::string_view_literals;
  constexpr std::array<Magic, 10> kMagics = {{{"\xFF\xD8\xFF"sv, ImageFormat::kJpeg},
                                              {"\x89PNG\r\n\x1A\n"sv, ImageFormat::kPng},
                                              {"GIF87a"sv, ImageFormat::kGif},
                                              {"GIF89a"sv, ImageFormat::kGif},
                                              {"II*\0"sv, ImageFormat::kTiff},
                                              {"MM\0*"sv, ImageFormat::kTiff},
                                              {"qoif"sv, ImageFormat::kOther},
                                              {"\xFF\x0A"sv, ImageFormat::kOther},
                                              {"\0\0\0\x0CJXL \r\n\x87\n"sv, ImageFormat::kOther},
                                              {"BM"sv, ImageFormat::kBmp}}};
  for (const Magic& magic : kMagics) {
    if (TextAt(bytes, 0, magic.start.size()) == magic.start) return magic.format;
  }
  if (TextAt(bytes, 0, 4) == "RIFF" && TextAt(bytes, 8, 4) == "WEBP") return ImageFormat::kWebp;
  if (const auto format = SniffBrands(bytes)) return *format;
  if (IsPortableMap(bytes)) return ImageFormat::kOther;
  if (IsSvg(bytes)) return Fail(ErrorCode::kUnsupported, "SVG drawings are not pictures that can be indexed");
  return Fail(ErrorCode::kUnsupported, "not a picture format we know");
}

std::optional<PixelSize> SizeFromHeader(ImageFormat format, ByteSpan bytes) {
  if (format == ImageFormat::kPng && bytes.size() >= 24) {
    return PixelSize{ReadBigEndian(bytes, 16, 4), ReadBigEndian(bytes, 20, 4)};
  }
  if (format == ImageFormat::kGif && bytes.size() >= 10) {
    return PixelSize{ReadLittleEndian(bytes, 6, 2), ReadLittleEndian(bytes, 8, 2)};
  }
  if (format == ImageFormat::kBmp && bytes.size() >= 26) {
    if (ReadLittleEndian(bytes, 14, 4) == 12) {  // the old OS/2 header
      return PixelSize{ReadLittleEndian(bytes, 18, 2), ReadLittleEndian(bytes, 20, 2)};
    }
    const auto height = static_cast<int32_t>(ReadLittleEndian(bytes, 22, 4));  // negative: top row first
    return PixelSize{static_cast<int32_t>(ReadLittleEndian(bytes, 18, 4)), height < 0 ? -int64_t{height} : height};
  }
  if (format == ImageFormat::kTiff) {
    const auto width = FindTiffTag(bytes, TiffTag::kImageWidth);
    const auto height = FindTiffTag(bytes, TiffTag::kImageHeight);
    if (width && height) return PixelSize{*width, *height};
  }
  return std::nullopt;
}

Status CheckPixels(const PixelSize& size, uint64_t max_pixels) {
  const std::string text = std::to_string(size.width) + " x " + std::to_string(size.height) + " pixels";
  constexpr int64_t kMaxSide = INT32_MAX;
  if (size.width <= 0 || size.height <= 0) return Fail(ErrorCode::kCorruption, text);
  const bool fits = size.width <= kMaxSide && size.height <= kMaxSide &&
                    static_cast<uint64_t>(size.width) * static_cast<uint64_t>(size.height) <= max_pixels;
  if (fits) return {};
  return Fail(ErrorCode::kResourceExhausted, text + ", more than the limit of " + std::to_string(max_pixels));
}

ImageRgb8 MakeImage(int width, int height, uint8_t fill) {
  ImageRgb8 image{width, height, {}};
  image.pixels.assign(static_cast<size_t>(width) * static_cast<size_t>(height) * 3, fill);
  return image;
}

}  // namespace sightline::media
