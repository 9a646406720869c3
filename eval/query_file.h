// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace sightline::eval {

/// A query as a file has it.
struct WrittenQuery {
  std::string text;
  std::string item_path{};  ///< Absolute path of the item that is meant; empty: not said.
};

/// Reads the words of a file: `.json` and `.jsonl` as strings or objects, anything else line by line (see
/// ReadQueryWords). Empty lines are skipped. What is wrong is appended to `left_out` with its place.
/// Errors: kNotFound, kInvalidArgument (not a regular file), kResourceExhausted (a text above 16 MiB), kUnavailable.
Result<std::vector<WrittenQuery>> ReadQueryFile(const std::filesystem::path& file, std::vector<std::string>& left_out);

}  // namespace sightline::eval
