// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "eval/tuning.h"
#include "storage/index_options.h"

namespace sightline::app {

/// Everything that `tune` tells.
struct TuneOutput {
  std::string collection;
  eval::TuningReport report;
  storage::IndexOptions before{};       ///< Search parameters that the collection had.
  std::vector<std::string> left_out{};  ///< What of a file of queries could not be asked.
  std::string no_rerank{};              ///< Why rerank depth and margin were left alone; empty: they were not.
  bool dry_run = false;
  bool stored = false;
};

/// For people: before and after, and whether the target was met.
std::string TuneTable(const TuneOutput& output);

/// One JSON object on one line.
std::string TuneJson(const TuneOutput& output);

}  // namespace sightline::app
