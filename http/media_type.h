// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "media/source.h"

namespace sightline::http {

/// What a file of pictures or video is.
struct MediaType {
  std::string_view mime;       ///< "image/jpeg", "video/mp4".
  std::string_view extension;  ///< "jpg": what such a file is called.

  friend bool operator==(const MediaType&, const MediaType&) = default;
};

/// How many bytes MediaTypeOf looks at.
inline constexpr size_t kMediaTypeBytes = 512;

/// By the first bytes of a file; nothing for what is neither picture nor video. Never by a name: what is sent as a
/// picture is one, or at least begins as one.
std::optional<MediaType> MediaTypeOf(std::span<const std::byte> start);

/// Reads the start of `source`. Errors: kUnsupported (neither picture nor video), those of media::SourceReader.
Result<MediaType> SniffMediaType(const media::Source& source);

}  // namespace sightline::http
