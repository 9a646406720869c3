// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::eval {

/// A caption and the picture or video that it describes.
struct EvalCaption {
  std::string text;
  size_t image = 0;  ///< Index into RetrievalSet::images.
};

/// Pictures or videos and their captions, in the order of the file (x2vlm-spec section 9.1). A video counts as a
/// picture, here and in the names of the metrics, as in the reference.
struct RetrievalSet {
  std::vector<std::string> images;  ///< Paths relative to the set's folder, as the file has them.
  std::vector<EvalCaption> captions;
  std::vector<std::string> left_out = {};  ///< Captions that cannot take part: where in the file, and why.
  bool has_videos = false;                 ///< The file says so.
};

/// Adds a caption of picture `image`, or, where the model can make nothing of it (not UTF-8, no words), says in
/// `left_out` that the one at `where` cannot take part.
void AddCaption(std::string text, size_t image, std::string_view where, RetrievalSet& set);

/// Parses the evaluation JSON of X2-VLM and ALBEF: an array of {"image": path, "caption": [text, ...]}, for a video
/// {"video": path, ...} or {"image": path, "is_video": true, ...}; other keys are ignored. Captions without words are
/// left out and listed. Errors: kCorruption (not JSON), kInvalidArgument (another shape; the message has the entry's
/// number).
Result<RetrievalSet> ParseRetrievalJson(std::string_view json);

/// As ParseRetrievalJson, from a file. Errors also: kNotFound, kUnavailable, kResourceExhausted (more than 1 GB).
Result<RetrievalSet> ReadRetrievalJson(const std::filesystem::path& path);

}  // namespace sightline::eval
