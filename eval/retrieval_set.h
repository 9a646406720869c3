// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::eval {

class ByteChunks;

/// A caption and the picture or video that it describes.
struct EvalCaption {
  std::string text;
  size_t image = 0;  ///< Index into RetrievalSet::images.
};

/// Pictures or videos and their captions, in the order of the file (x2vlm-spec section 9.1). A video counts as a
/// picture, here and in the names of the metrics, as in the reference.
struct RetrievalSet {
  std::vector<std::string> images;  ///< Paths relative to the set's folder, as the file has them. No path twice.
  std::vector<EvalCaption> captions;
  std::vector<std::string> left_out = {};  ///< Captions that cannot take part: where in the file, and why.
  bool has_videos = false;                 ///< The file says so.
  /// Pictures that no caption describes. They stay in `images`, to be told from the right ones.
  std::vector<std::string> without_captions = {};
};

/// Parses the evaluation JSON of X2-VLM and ALBEF: an array of {"image": path, "caption": [text, ...]}, for a video
/// {"video": path, ...} or {"image": path, "is_video": true, ...}; other keys are ignored. Captions without words are
/// left out and listed. Errors: those of StreamRecords (kCorruption: not JSON), kInvalidArgument (another shape, a path
/// twice; the message has the entry's number).
Result<RetrievalSet> ParseRetrievalJson(ByteChunks json);
Result<RetrievalSet> ParseRetrievalJson(std::string_view json);

/// As ParseRetrievalJson, from a file of any size: memory is bounded by the set. Errors also: kNotFound, kUnavailable.
Result<RetrievalSet> ReadRetrievalJson(const std::filesystem::path& path);

}  // namespace sightline::eval
