// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "eval/metrics.h"

namespace sightline::app {

/// Metrics of one stage or depth.
struct EvalRow {
  std::string name;
  eval::RankMetrics img;                                ///< Text to picture.
  std::optional<eval::RankMetrics> txt = std::nullopt;  ///< Picture to text; the matrix protocol only.
  double queries_per_second = 0;                        ///< 0: not measured.
};

/// Everything that an evaluation prints.
struct EvalOutput {
  std::string set;
  std::string model;
  std::string precision;
  std::string patches;
  size_t pictures = 0;
  std::vector<std::string> missing;   ///< Pictures that could not be indexed, with the reason.
  std::vector<std::string> left_out;  ///< Captions that the set's reader refused, with place and reason.
  size_t queries = 0;
  size_t skipped = 0;  ///< Captions that took no part: those of missing pictures and those left out.
  std::vector<EvalRow> rows = {};
};

/// For people, with the missing pictures named.
std::string EvalTable(const EvalOutput& output);

/// One JSON object on one line; metric names are the reference's (`img_r1`, ...), `mdr` and `mnr` median and mean
/// rank, null where unknown.
std::string EvalJson(const EvalOutput& output);

}  // namespace sightline::app
