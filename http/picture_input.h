// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/types.h"
#include "encoder/encoder.h"
#include "http/image_fetcher.h"
#include "http/problem.h"

/// Pictures that come with a request. What is wrong with one is the asker's: 4xx, with the field that holds it.
namespace sightline::http {

/// How many pixels a picture may have that a request brings along: 192 MB while it is decoded.
inline constexpr uint64_t kMaxRequestPixels = 64'000'000;

/// Decodes the bytes of a picture file. CPU-bound: call it from a worker.
/// Errors: 422 "not_a_picture" (no format that we know, or broken, or more than kMaxRequestPixels), kDeadlineExceeded,
/// kCancelled.
ProblemOr<ImageRgb8> DecodePicture(std::string_view bytes, const Limits& limits, const std::string& field);

/// The bytes behind base64, as such or as a "data:image/...;base64," address. Errors: kInvalidArgument.
ProblemOr<std::string> DecodePictureText(std::string_view text, const std::string& field);

/// The bytes behind an http or https address. Errors: those of ImageFetcher::Fetch; what is too big is 422.
ProblemOr<std::string> FetchPicture(std::string_view url, const ImageFetcher& fetcher, const Limits& limits,
                                    const std::string& field);

/// A picture that a client gives as it likes: an http or https address, a data address, or base64; decoded.
/// Errors: those of the three above.
ProblemOr<ImageRgb8> ReadPicture(std::string_view text, const ImageFetcher& fetcher, const Limits& limits,
                                 const std::string& field);

/// The same as model pixels of `image_res` a side.
ProblemOr<ImageRgb8> ReadModelPixels(std::string_view text, int image_res, const ImageFetcher& fetcher,
                                     const Limits& limits, const std::string& field);

/// Replaces a picture by its model pixels, which stay as they are when they are resized to that once more: many
/// searches may wait, and none shall hold more of its picture than the model looks at. Nothing happens without a
/// picture.
/// @param encoder  of the search; null: it has none, will be refused, and keeps one pixel.
/// Errors: kInvalidArgument (an empty picture).
ProblemOr<void> KeepModelPixels(const encoder::Encoder* encoder, std::optional<ImageRgb8>& picture);

}  // namespace sightline::http
