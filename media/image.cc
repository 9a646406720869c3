// SPDX-License-Identifier: BSD-3-Clause
#include "media/image.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/guard.h"
#include "media/icc_internal.h"
#include "media/image_decoders_internal.h"
#include "media/image_format_internal.h"
#include "media/orientation_internal.h"

namespace sightline::media {
namespace {

Result<ImageInfo> ProbeBytes(ByteSpan bytes) {
  SL_ASSIGN_OR_RETURN(const ImageFormat format, SniffImageFormat(bytes));
  switch (format) {
    case ImageFormat::kJpeg:
      return ProbeJpeg(bytes);
    case ImageFormat::kWebp:
      return ProbeWebp(bytes);
    case ImageFormat::kHeif:
    case ImageFormat::kAvif: {
      SL_ASSIGN_OR_RETURN(ImageInfo info, ProbeHeif(bytes));
      info.format = format;
      return info;
    }
    case ImageFormat::kPng:
    case ImageFormat::kGif:
    case ImageFormat::kBmp:
    case ImageFormat::kTiff:
    case ImageFormat::kOther:
      break;
  }
  return ProbeWithFfmpeg(format, bytes);
}

Result<DecodedImage> DecodeStored(ByteSpan bytes, const DecodeOptions& options) {
  SL_ASSIGN_OR_RETURN(const ImageFormat format, SniffImageFormat(bytes));
  switch (format) {
    case ImageFormat::kJpeg:
      return DecodeJpeg(bytes, options);
    case ImageFormat::kWebp:
      return DecodeWebp(bytes, options);
    case ImageFormat::kHeif:
    case ImageFormat::kAvif:
      return DecodeHeif(bytes, options);
    case ImageFormat::kPng:
    case ImageFormat::kGif:
    case ImageFormat::kBmp:
    case ImageFormat::kTiff:
    case ImageFormat::kOther:
      break;
  }
  return DecodeWithFfmpeg(format, bytes, options);
}

Result<ImageRgb8> DecodeBytes(ByteSpan bytes, const DecodeOptions& options) {
  SL_RETURN_IF_ERROR(options.limits.Check("decode a picture"));
  SL_ASSIGN_OR_RETURN(DecodedImage decoded, DecodeStored(bytes, options));
  if (!decoded.icc_profile.empty()) {
    SL_RETURN_IF_ERROR(ConvertToSrgb(decoded.icc_profile, options.limits, decoded.image));
  }
  if (!options.apply_exif_orientation) return std::move(decoded.image);
  return ApplyOrientation(std::move(decoded.image), decoded.exif_orientation);
}

}  // namespace

std::string_view NameOf(ImageFormat format) {
  switch (format) {
    case ImageFormat::kJpeg:
      return "JPEG";
    case ImageFormat::kPng:
      return "PNG";
    case ImageFormat::kWebp:
      return "WebP";
    case ImageFormat::kHeif:
      return "HEIF";
    case ImageFormat::kAvif:
      return "AVIF";
    case ImageFormat::kGif:
      return "GIF";
    case ImageFormat::kBmp:
      return "BMP";
    case ImageFormat::kTiff:
      return "TIFF";
    case ImageFormat::kOther:
      return "other";
  }
  return "unknown";
}

Result<ImageInfo> ProbeImage(const Source& source, uint64_t max_bytes) {
  SL_ASSIGN_OR_RETURN(const auto bytes, source.ReadAll(max_bytes));
  auto info = Guard("probe a picture", [&] { return ProbeBytes(*bytes); });
  if (!info) return Annotate(std::move(info).error(), source.name());
  return info;
}

Result<ImageRgb8> DecodeImage(const Source& source, const DecodeOptions& options) {
  SL_ASSIGN_OR_RETURN(const auto bytes, source.ReadAll(options.max_bytes));
  auto image = Guard("decode a picture", [&] { return DecodeBytes(*bytes, options); });
  if (!image) return Annotate(std::move(image).error(), source.name());
  return image;
}

bool HasImageExtension(std::string_view file_name) {
  constexpr std::array<std::string_view, 24> kExtensions = {
      "jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "heic", "heif", "hif", "avif", "gif",
      "bmp", "dib",  "tif", "tiff", "ppm", "pgm",  "pbm",  "pnm",  "pam",  "qoi", "jxl",  "mpo"};
  const size_t dot = file_name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || file_name[dot - 1] == '/') return false;  // ".png" is a hidden file
  std::string extension(file_name.substr(dot + 1));
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

}  // namespace sightline::media
