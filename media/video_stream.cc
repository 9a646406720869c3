// SPDX-License-Identifier: BSD-3-Clause
#include "media/video_stream_internal.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <tuple>

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/parseutils.h>
}

namespace sightline::media {
namespace {

bool IsVideo(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
         (stream.disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) == 0;
}

bool IsBetter(const AVStream& a, const AVStream& b) {
  const auto rank = [](const AVStream& stream) {
    const auto pixels = int64_t{stream.codecpar->width} * stream.codecpar->height;
    return std::tuple((stream.disposition & AV_DISPOSITION_DEFAULT) != 0, pixels);
  };
  return rank(a) > rank(b);
}

const char* Tag(const AVDictionary* tags, const char* key) {
  const AVDictionaryEntry* entry = av_dict_get(tags, key, nullptr, 0);
  return entry != nullptr ? entry->value : nullptr;
}

bool IsUsable(AVRational ratio) {
  constexpr double kMaxRatio = 16;
  if (ratio.num <= 0 || ratio.den <= 0) return false;
  const double value = av_q2d(ratio);
  return value <= kMaxRatio && value >= 1 / kMaxRatio;
}

}  // namespace

Result<AVStream*> ChooseVideoStream(AVFormatContext& format) {
  AVStream* chosen = nullptr;
  std::string without_decoder;
  for (unsigned i = 0; i < format.nb_streams; ++i) {
    AVStream& stream = *format.streams[i];
    stream.discard = AVDISCARD_ALL;
    if (!IsVideo(stream)) continue;
    if (avcodec_find_decoder(stream.codecpar->codec_id) == nullptr) {
      without_decoder = avcodec_get_name(stream.codecpar->codec_id);
    } else if (chosen == nullptr || IsBetter(stream, *chosen)) {
      chosen = &stream;
    }
  }
  if (chosen != nullptr) {
    chosen->discard = AVDISCARD_DEFAULT;
    return chosen;
  }
  if (!without_decoder.empty()) {
    return Fail(ErrorCode::kUnsupported, "the installed FFmpeg has no decoder for " + without_decoder);
  }
  return Fail(ErrorCode::kCorruption, format.nb_streams == 0 ? "there is nothing in it" : "there is no video in it");
}

int OrientationFromMatrix(const int32_t* matrix) {
  // A stored point (x, y) is shown at (a x + c y, b x + d y), up to a shift.
  const double a = matrix[0];
  const double b = matrix[1];
  const double c = matrix[3];
  const double d = matrix[4];
  if (std::abs(a) + std::abs(d) >= std::abs(b) + std::abs(c)) {
    if (a < 0) return d < 0 ? 3 : 2;
    return d < 0 ? 4 : 1;
  }
  if (b > 0) return c < 0 ? 6 : 5;
  return c < 0 ? 7 : 8;
}

FrameGeometry GeometryOf(const AVFrame& frame, const AVStream& stream) {
  FrameGeometry geometry;
  constexpr size_t kMatrixBytes = 9 * sizeof(int32_t);
  size_t size = 0;
  const AVFrameSideData* of_frame = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  const uint8_t* of_stream = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (of_frame != nullptr && of_frame->size >= kMatrixBytes) {
    geometry.exif_orientation = OrientationFromMatrix(reinterpret_cast<const int32_t*>(of_frame->data));
  } else if (of_stream != nullptr && size >= kMatrixBytes) {
    geometry.exif_orientation = OrientationFromMatrix(reinterpret_cast<const int32_t*>(of_stream));
  }
  // The container's word goes over the codec's, as in players.
  for (const AVRational ratio :
       {frame.sample_aspect_ratio, stream.codecpar->sample_aspect_ratio, stream.sample_aspect_ratio}) {
    if (IsUsable(ratio)) geometry.sample_aspect = ratio;
  }
  return geometry;
}

ShownSize ShownSizeOf(const AVFrame& frame, const FrameGeometry& geometry) {
  // The side that is too short is stretched: no pixel is lost.
  const double aspect = av_q2d(geometry.sample_aspect);
  const auto stretched = [](int side, double factor) {
    return std::max(1, static_cast<int>(std::lround(side * std::max(1.0, factor))));
  };
  ShownSize size{stretched(frame.width, aspect), stretched(frame.height, 1 / aspect)};
  if (geometry.exif_orientation >= 5) std::swap(size.width, size.height);
  return size;
}

std::optional<GeoPoint> ParseIso6709(std::string_view text) {
  const std::string copy(text);
  const char* at = copy.c_str();
  if (*at != '+' && *at != '-') return std::nullopt;
  char* end = nullptr;
  const double latitude = std::strtod(at, &end);
  if (*end != '+' && *end != '-') return std::nullopt;
  const double longitude = std::strtod(end, &end);
  // Degrees with minutes ("+3746.5-12225.1") are longer than two and three digits: they are left out, not misread.
  if (!(std::abs(latitude) <= 90) || !(std::abs(longitude) <= 180)) return std::nullopt;
  return GeoPoint{latitude, longitude};
}

std::optional<int64_t> ParseCreationTime(const char* text) {
  if (text == nullptr || *text < '0' || *text > '9') return std::nullopt;  // "now" is no date of a file
  std::string date = text;
  const size_t time = date.find_first_of("T ");
  if (time == std::string::npos || date.find_first_of("Zz+-", time) == std::string::npos) date += 'Z';
  int64_t microseconds = 0;
  if (av_parse_time(&microseconds, date.c_str(), 0) < 0 || microseconds <= 0) return std::nullopt;
  return microseconds / 1'000'000;
}

VideoInfo DescribeVideo(const AVFormatContext& format, const AVStream& stream) {
  VideoInfo info;
  info.codec = avcodec_get_name(stream.codecpar->codec_id);
  const std::string_view names = format.iformat->name;
  info.container = names.substr(0, names.find(','));
  const AVRational rate = stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : stream.r_frame_rate;
  if (rate.num > 0 && rate.den > 0) info.fps = av_q2d(rate);
  // Apple's key has the time zone of the place and is what the user saw on the camera.
  for (const char* text : {Tag(format.metadata, "com.apple.quicktime.creationdate"),
                           Tag(format.metadata, "creation_time"), Tag(stream.metadata, "creation_time")}) {
    if (!info.created_at) info.created_at = ParseCreationTime(text);
  }
  for (const char* key : {"com.apple.quicktime.location.ISO6709", "location"}) {
    const char* text = Tag(format.metadata, key);
    if (text == nullptr || info.latitude) continue;
    if (const auto point = ParseIso6709(text)) {
      info.latitude = point->latitude;
      info.longitude = point->longitude;
    }
  }
  return info;
}

}  // namespace sightline::media
