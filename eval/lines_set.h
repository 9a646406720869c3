// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "base/result.h"
#include "eval/byte_chunks.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// Parses JSON lines: the form of xFlickr&CO, {"img_path": path, "sentences": [text, ...]} (x2vlm-spec section 9.1), or
/// {"image" or "video": path, "caption": text or [text, ...]}; other members are ignored. Lines that name the same
/// picture add captions to it; captions that repeat an earlier one of their picture are left out and listed, as are
/// those without words. The set has videos if a line has a "video", or a path has the extension of one.
/// Errors: those of StreamLines (kCorruption: not JSON), kInvalidArgument (another shape; the message has the line).
Result<RetrievalSet> ParseJsonLinesSet(ByteChunks chunks);

/// As ParseJsonLinesSet, from a file of any size. Errors also: kNotFound, kUnavailable.
Result<RetrievalSet> ReadJsonLinesSet(const std::filesystem::path& path);

}  // namespace sightline::eval
