// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>
#include <string>

#include <webp/decode.h>
#include <webp/demux.h>

#include "media/exif_internal.h"
#include "media/image_decoders_internal.h"
#include "media/image_format_internal.h"

namespace sightline::media {
namespace {

struct DemuxDeleter {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};
struct IncrementalDeleter {
  void operator()(WebPIDecoder* decoder) const { WebPIDelete(decoder); }
};
struct AnimationDeleter {
  void operator()(WebPAnimDecoder* decoder) const { WebPAnimDecoderDelete(decoder); }
};
using UniqueDemuxer = std::unique_ptr<WebPDemuxer, DemuxDeleter>;
using UniqueIncrementalDecoder = std::unique_ptr<WebPIDecoder, IncrementalDeleter>;
using UniqueAnimationDecoder = std::unique_ptr<WebPAnimDecoder, AnimationDeleter>;

const uint8_t* Data(ByteSpan bytes) { return reinterpret_cast<const uint8_t*>(bytes.data()); }

/// The content of a metadata chunk; empty when there is none.
ByteSpan FindChunk(const UniqueDemuxer& demuxer, const char* fourcc) {
  WebPChunkIterator chunk{};
  ByteSpan content;
  if (demuxer && WebPDemuxGetChunk(demuxer.get(), fourcc, 1, &chunk) != 0) {
    // Points into the file, which outlives the iterator.
    content = {reinterpret_cast<const std::byte*>(chunk.chunk.bytes), chunk.chunk.size};
  }
  WebPDemuxReleaseChunkIterator(&chunk);
  return content;
}

UniqueDemuxer OpenContainer(ByteSpan bytes) {
  const WebPData data{Data(bytes), bytes.size()};
  return UniqueDemuxer(WebPDemux(&data));
}

Result<WebPBitstreamFeatures> ReadFeatures(ByteSpan bytes) {
  WebPBitstreamFeatures features{};
  if (WebPGetFeatures(Data(bytes), bytes.size(), &features) != VP8_STATUS_OK) {
    return Fail(ErrorCode::kCorruption, "WebP: broken header");
  }
  return features;
}

/// Fed piece by piece, so that limits can be checked in between.
Status DecodeStill(ByteSpan bytes, const Limits& limits, ImageRgb8& image) {
  const int stride = image.width * 3;
  const UniqueIncrementalDecoder decoder(WebPINewRGB(MODE_RGB, image.pixels.data(), image.pixels.size(), stride));
  if (!decoder) return Fail(ErrorCode::kResourceExhausted, "WebP: out of memory");
  constexpr size_t kPieceBytes = 64 << 10;
  VP8StatusCode status = VP8_STATUS_SUSPENDED;
  for (size_t end = 0; status == VP8_STATUS_SUSPENDED && end < bytes.size();) {
    SL_RETURN_IF_ERROR(limits.Check("decode a WebP"));
    end = std::min(bytes.size(), end + kPieceBytes);
    status = WebPIUpdate(decoder.get(), Data(bytes), end);
  }
  if (status == VP8_STATUS_OUT_OF_MEMORY) return Fail(ErrorCode::kResourceExhausted, "WebP: out of memory");
  if (status == VP8_STATUS_SUSPENDED) return Fail(ErrorCode::kCorruption, "WebP: the file is cut off");
  if (status != VP8_STATUS_OK) return Fail(ErrorCode::kCorruption, "WebP: broken data");
  return {};
}

Status DecodeFirstFrame(ByteSpan bytes, ImageRgb8& image) {
  WebPAnimDecoderOptions settings{};
  if (WebPAnimDecoderOptionsInit(&settings) == 0) return Fail(ErrorCode::kInternal, "WebP: library mismatch");
  settings.color_mode = MODE_RGBA;
  const WebPData data{Data(bytes), bytes.size()};
  const UniqueAnimationDecoder decoder(WebPAnimDecoderNew(&data, &settings));
  uint8_t* canvas = nullptr;
  int timestamp_ms = 0;
  if (!decoder || WebPAnimDecoderGetNext(decoder.get(), &canvas, &timestamp_ms) == 0) {
    return Fail(ErrorCode::kCorruption, "WebP: broken animation");
  }
  const size_t pixels = image.pixels.size() / 3;
  for (size_t i = 0; i < pixels; ++i) std::copy_n(canvas + i * 4, 3, image.pixels.data() + i * 3);
  return {};
}

}  // namespace

Result<ImageInfo> ProbeWebp(ByteSpan bytes) {
  SL_ASSIGN_OR_RETURN(const WebPBitstreamFeatures features, ReadFeatures(bytes));
  const UniqueDemuxer container = OpenContainer(bytes);
  return ImageInfo{.format = ImageFormat::kWebp,
                   .width = features.width,
                   .height = features.height,
                   .exif_orientation = ExifOrientation(FindChunk(container, "EXIF")),
                   .has_icc_profile = !FindChunk(container, "ICCP").empty()};
}

Result<DecodedImage> DecodeWebp(ByteSpan bytes, const DecodeOptions& options) {
  SL_ASSIGN_OR_RETURN(const WebPBitstreamFeatures features, ReadFeatures(bytes));
  SL_RETURN_IF_ERROR(CheckPixels({features.width, features.height}, options.max_pixels));
  DecodedImage decoded;
  decoded.image = MakeImage(features.width, features.height);
  if (features.has_animation != 0) {
    SL_RETURN_IF_ERROR(DecodeFirstFrame(bytes, decoded.image));
  } else {
    SL_RETURN_IF_ERROR(DecodeStill(bytes, options.limits, decoded.image));
  }
  const UniqueDemuxer container = OpenContainer(bytes);
  decoded.exif_orientation = ExifOrientation(FindChunk(container, "EXIF"));
  const ByteSpan profile = FindChunk(container, "ICCP");
  if (options.convert_icc_to_srgb) decoded.icc_profile.assign(profile.begin(), profile.end());
  return decoded;
}

std::vector<std::byte> WebpExif(ByteSpan bytes) {
  const UniqueDemuxer container = OpenContainer(bytes);
  const ByteSpan exif = FindChunk(container, "EXIF");
  return {exif.begin(), exif.end()};
}

}  // namespace sightline::media
