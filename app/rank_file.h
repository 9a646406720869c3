// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace sightline::app {

/// Ranks in one direction: 0-based, eval::kNotRanked where there is none.
struct StageRanks {
  std::string name;
  std::vector<size_t> img;
  std::vector<size_t> txt;
};

/// What `eval --json --ranks` printed.
struct RankFile {
  std::string set_hash;  ///< Equal for the same queries in the same order.
  std::vector<size_t> img_asked;
  std::vector<size_t> txt_asked;
  std::vector<size_t> img_images;  ///< Per query the picture that it belongs to.
  std::vector<size_t> txt_images;
  std::vector<StageRanks> stages;

  /// Null when there is none of that name.
  const StageRanks* Find(const std::string& name) const;
};

/// Errors: those of ReadFile; kCorruption (not JSON), kInvalidArgument (not what eval prints, or without --ranks).
Result<RankFile> ReadRankFile(const std::filesystem::path& path);

}  // namespace sightline::app
