// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>

#include "app/eval_output.h"
#include "app/svg_chart.h"
#include "eval/live_protocol.h"

namespace sightline::app {

/// R@1, 5 and 10 of the first index over rerank depth, with intervals. Nothing where there are not two depths.
std::optional<Chart> DepthChart(const EvalOutput& output, eval::Direction direction);

/// Mean recall over median latency: one line per index, one point per depth. Nothing without a timed row.
std::optional<Chart> LatencyChart(const EvalOutput& output, eval::Direction direction);

/// Match probability of the first hits against how many are right, in 15 bins of equal mass.
struct Reliability {
  Chart chart;
  std::string summary;  ///< Which stage, how many queries, the calibration error.
};
/// Of the first index, at depth 64 or the deepest below it; nothing where nothing was reranked.
std::optional<Reliability> ReliabilityChart(const EvalOutput& output, eval::Direction direction);

}  // namespace sightline::app
