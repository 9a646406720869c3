// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "base/result.h"
#include "eval/byte_chunks.h"

namespace sightline::eval {

/// The forms in which evaluation sets come as one JSON document.
enum class JsonForm {
  kX2vlm,         ///< ParseRetrievalJson.
  kKarpathy,      ///< ParseKarpathyJson.
  kCocoCaptions,  ///< ParseCocoCaptions.
  kMsrvtt,        ///< ParseMsrvttJson.
};

/// Tells the forms apart by their content, up to the first record that decides; what is behind it is not looked at.
/// Errors: those of StreamRecords, kInvalidArgument (none of them).
Result<JsonForm> RecogniseJsonForm(ByteChunks chunks);

/// As above, of a file. Errors also: kNotFound, kUnavailable.
Result<JsonForm> RecogniseJsonForm(const std::filesystem::path& path);

}  // namespace sightline::eval
