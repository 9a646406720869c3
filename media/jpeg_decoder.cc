// SPDX-License-Identifier: BSD-3-Clause
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <jerror.h>

#include "media/exif_internal.h"
#include "media/image_decoders_internal.h"
#include "media/image_format_internal.h"
#include "media/jpeg_codec_internal.h"

namespace sightline::media {
namespace {

using namespace std::string_view_literals;

constexpr uint8_t kMissingRow = 128;

struct Freer {
  void operator()(void* memory) const { std::free(memory); }
};

bool LimitReached(const void* limits) { return !static_cast<const Limits*>(limits)->Check("decode a JPEG"); }
bool NeverStop(const void*) { return false; }

tl::unexpected<Error> FailWith(const JpegFailure& failure) {
  if (failure.too_many_scans) return Fail(ErrorCode::kResourceExhausted, "JPEG: too many scans");
  const bool unsupported = failure.code == JERR_BAD_PRECISION || failure.code == JERR_SOF_UNSUPPORTED ||
                           failure.code == JERR_CONVERSION_NOTIMPL;
  return Fail(failure.code == JERR_OUT_OF_MEMORY ? ErrorCode::kResourceExhausted
              : unsupported                      ? ErrorCode::kUnsupported
                                                 : ErrorCode::kCorruption,
              std::string("JPEG: ") + failure.text);
}

Status ReadHeader(JpegReader& reader, ByteSpan bytes) {
  if (!reader.ReadHeader(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size())) {
    return FailWith(reader.failure());
  }
  return {};
}

ImageInfo InfoOf(const jpeg_decompress_struct& jpeg) {
  ImageInfo info;
  info.format = ImageFormat::kJpeg;
  info.width = static_cast<int>(jpeg.image_width);
  info.height = static_cast<int>(jpeg.image_height);
  bool exif_found = false;
  for (auto marker = jpeg.marker_list; marker != nullptr; marker = marker->next) {
    const ByteSpan data(reinterpret_cast<const std::byte*>(marker->data), marker->data_length);
    if (marker->marker == JPEG_APP0 + 1 && !exif_found && TextAt(data, 0, 6) == "Exif\0\0"sv) {
      info.exif_orientation = ExifOrientation(data);
      exif_found = true;
    }
    if (marker->marker == JPEG_APP0 + 2 && TextAt(data, 0, 12) == "ICC_PROFILE\0"sv) info.has_icc_profile = true;
  }
  return info;
}

/// Adobe's inverted values, as Pillow converts them: t = a * b + 128, (t + (t >> 8)) >> 8 is a * b / 255 rounded.
void InvertedCmykToRgb(const uint8_t* cmyk, int width, uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    for (int channel = 0; channel < 3; ++channel) {
      const int t = cmyk[channel] * cmyk[3] + 128;
      rgb[channel] = static_cast<uint8_t>((t + (t >> 8)) >> 8);
    }
  }
}

/// Returns how many rows were decoded; the rest keep what they had.
int ReadRows(JpegReader& reader, ImageRgb8& image, bool cmyk) {
  std::vector<uint8_t> cmyk_row(cmyk ? static_cast<size_t>(image.width) * 4 : 0);
  for (int y = 0; y < image.height; ++y) {
    uint8_t* row = image.pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(image.width) * 3;
    if (!reader.ReadRow(cmyk ? cmyk_row.data() : row)) return y;
    if (cmyk) InvertedCmykToRgb(cmyk_row.data(), image.width, row);
  }
  return image.height;
}

}  // namespace

Result<ImageInfo> ProbeJpeg(ByteSpan bytes) {
  JpegReader reader(NeverStop, nullptr);
  SL_RETURN_IF_ERROR(ReadHeader(reader, bytes));
  return InfoOf(reader.info());
}

Result<DecodedImage> DecodeJpeg(ByteSpan bytes, const DecodeOptions& options) {
  JpegReader reader(LimitReached, &options.limits);
  SL_RETURN_IF_ERROR(ReadHeader(reader, bytes));
  const ImageInfo info = InfoOf(reader.info());
  SL_RETURN_IF_ERROR(CheckPixels({info.width, info.height}, options.max_pixels));
  const int components = reader.info().num_components;
  if (components != 1 && components != 3 && components != 4) {
    return Fail(ErrorCode::kUnsupported, "JPEG: " + std::to_string(components) + " color components");
  }
  DecodedImage decoded;
  decoded.exif_orientation = info.exif_orientation;
  if (options.convert_icc_to_srgb && info.has_icc_profile) {
    unsigned size_bytes = 0;
    const std::unique_ptr<JOCTET, Freer> profile(reader.ReadIccProfile(&size_bytes));
    const auto* start = reinterpret_cast<const std::byte*>(profile.get());
    if (profile) decoded.icc_profile.assign(start, start + size_bytes);
  }
  const bool cmyk = components == 4;
  int rows = 0;
  if (reader.Start(cmyk ? JCS_CMYK : JCS_RGB)) {
    decoded.image = MakeImage(info.width, info.height, kMissingRow);
    rows = ReadRows(reader, decoded.image, cmyk);
  }
  // A deadline ends the work; a broken file keeps the rows that were read before the damage.
  SL_RETURN_IF_ERROR(reader.failure().stopped ? options.limits.Check("decode a JPEG") : Status());
  if (rows == 0) return FailWith(reader.failure());
  return decoded;
}

std::vector<std::byte> JpegExif(ByteSpan bytes) {
  JpegReader reader(NeverStop, nullptr);
  if (!ReadHeader(reader, bytes)) return {};
  for (auto marker = reader.info().marker_list; marker != nullptr; marker = marker->next) {
    const ByteSpan data(reinterpret_cast<const std::byte*>(marker->data), marker->data_length);
    if (marker->marker == JPEG_APP0 + 1 && TextAt(data, 0, 6) == "Exif\0\0"sv) return {data.begin(), data.end()};
  }
  return {};
}

}  // namespace sightline::media
