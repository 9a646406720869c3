// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/types.h"

namespace sightline::eval {

/// A video as the reference stores it: one JSON file, a list of base64-encoded pictures, its frames in order
/// (x2vlm-spec section 7). Whether the file is one, by its name.
bool IsFrameList(const std::filesystem::path& path);

/// Reads a frame list and decodes the `wanted` frames that stand for all of them (media::SampleFrames), as the
/// reference does: no EXIF orientation. With fewer frames than wanted some come several times.
/// @param wanted  at least 1.
/// Errors: kNotFound, kUnavailable, kResourceExhausted (more than 1 GB), kCorruption (not JSON, not base64, no
/// picture), kInvalidArgument (not a list of strings, no frames), kCancelled.
Result<std::vector<ImageRgb8>> ReadFrameList(const std::filesystem::path& path, int wanted, const Limits& limits);

/// RFC 4648, section 4, padding included; line breaks are skipped. Errors: kCorruption.
Result<std::vector<std::byte>> DecodeBase64(std::string_view text);

}  // namespace sightline::eval
