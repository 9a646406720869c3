// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/types.h"

namespace sightline::app {

/// Microseconds from "12.5" (seconds), "1:02.5" or "1:02:03.5". Nothing when it is none of these, or beyond 1,000
/// hours.
std::optional<int64_t> ParseVideoTime(std::string_view text);

/// The frame that a video (a file or a member of a tar archive) shows at `time_us`; at its very end the last one.
/// Decodes in `threads`.
/// Errors: kInvalidArgument (after the end: the message says when that is), otherwise those of media::VideoReader.
Result<ImageRgb8> ReadVideoFrame(const std::string& path, int64_t time_us, int threads);

/// The picture that a user names: a picture file, or a frame of a video as "clip.mp4@12.5". A file whose whole name is
/// `reference` comes first. Errors: kInvalidArgument (a video without a time, a time after its end), otherwise those of
/// media::DecodeImage and ReadVideoFrame.
Result<ImageRgb8> ReadPictureOrFrame(const std::string& reference, int threads);

}  // namespace sightline::app
