// SPDX-License-Identifier: BSD-3-Clause
#include "app/video_frame.h"

#include <charconv>
#include <cmath>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "media/image.h"
#include "media/source.h"
#include "media/tar_reader.h"
#include "media/video_reader.h"

namespace sightline::app {
namespace {

constexpr double kMaxSeconds = 3'600'000;

/// A number without sign, exponent or spaces.
std::optional<double> PlainNumber(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool IsFile(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

}  // namespace

std::optional<int64_t> ParseVideoTime(std::string_view text) {
  double seconds = 0;
  for (int part = 0; part < 3; ++part) {
    const size_t colon = text.find(':');
    const auto value = PlainNumber(text.substr(0, colon));
    if (!value || (part > 0 && *value >= 60) || (colon != std::string_view::npos && *value != std::floor(*value))) {
      return std::nullopt;
    }
    seconds = seconds * 60 + *value;
    if (colon == std::string_view::npos) {
      if (!(seconds <= kMaxSeconds)) return std::nullopt;
      return std::llround(seconds * 1e6);
    }
    text.remove_prefix(colon + 1);
  }
  return std::nullopt;
}

Result<ImageRgb8> ReadVideoFrame(const std::string& path, int64_t time_us, int threads) {
  SL_ASSIGN_OR_RETURN(const media::Source source, media::OpenLocation(path));
  SL_ASSIGN_OR_RETURN(const auto reader, media::VideoReader::Open(source, {.decoder_threads = threads}));
  if (time_us > reader->info().duration_us) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: there is no frame at {:.3f} s, the video ends at {:.3f} s", path,
                            static_cast<double>(time_us) / 1e6, static_cast<double>(reader->info().duration_us) / 1e6));
  }
  SL_ASSIGN_OR_RETURN(std::vector<media::VideoFrame> frames,
                      reader->FramesAt(std::vector{time_us}, media::FrameAccess::kExact));
  return std::move(frames.front().picture);
}

Result<ImageRgb8> ReadPictureOrFrame(const std::string& reference, int threads) {
  const size_t at = reference.rfind('@');
  if (!IsFile(reference) && at != std::string::npos) {
    const std::string video = reference.substr(0, at);
    const auto time_us = ParseVideoTime(std::string_view(reference).substr(at + 1));
    if (time_us) return ReadVideoFrame(video, *time_us, threads);
    if (IsFile(video)) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}: what follows @ is no time; write 12.5 or 1:02.5", reference));
    }
  }
  SL_ASSIGN_OR_RETURN(const media::Source source, media::OpenLocation(reference));
  auto picture = media::DecodeImage(source, {});
  if (picture || picture.error().code != ErrorCode::kUnsupported) return picture;
  if (!media::LooksLikeVideo(source).value_or(false)) return picture;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is a video: name one of its frames by its time, {}@12.5", reference, reference));
}

}  // namespace sightline::app
