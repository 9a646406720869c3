// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::eval {

/// A caption and the picture that it describes.
struct EvalCaption {
  std::string text;
  size_t image = 0;  ///< Index into RetrievalSet::images.
};

/// Pictures and their captions, in the order of the file (x2vlm-spec section 9.1).
struct RetrievalSet {
  std::vector<std::string> images;  ///< Paths relative to the picture folder, as the file has them.
  std::vector<EvalCaption> captions;
};

/// Parses the evaluation JSON of X2-VLM and ALBEF: an array of {"image": path, "caption": [text, ...]}; other keys are
/// ignored. Errors: kCorruption (not JSON), kInvalidArgument (another shape; the message has the entry's number).
Result<RetrievalSet> ParseRetrievalJson(std::string_view json);

/// As ParseRetrievalJson, from a file. Errors also: kNotFound, kUnavailable, kResourceExhausted (more than 1 GB).
Result<RetrievalSet> ReadRetrievalJson(const std::filesystem::path& path);

}  // namespace sightline::eval
