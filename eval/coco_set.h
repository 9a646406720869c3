// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "base/result.h"
#include "eval/byte_chunks.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// Parses COCO's own captions (captions_val2014.json): {"images": [{"id": number, "file_name": name}, ...],
/// "annotations": [{"image_id": number, "caption": text}, ...]}, in any order; ids may be texts, other members are
/// ignored. An annotation whose picture is not there is left out and listed.
/// @return `images` are the file names, which COCO keeps in a folder that the file does not name (val2014).
/// Errors: those of StreamRecords (kCorruption: not JSON), kInvalidArgument (another shape, an id or a file twice; the
/// message has the entries).
Result<RetrievalSet> ParseCocoCaptions(ByteChunks chunks);

/// As ParseCocoCaptions, from a file of any size. Errors also: kNotFound, kUnavailable.
Result<RetrievalSet> ReadCocoCaptions(const std::filesystem::path& path);

}  // namespace sightline::eval
