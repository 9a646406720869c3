// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include "eval/calibration_queries.h"

namespace sightline::eval {

// Note [Which coarse weight]
// The weight orders the hits, so the order decides first: the mean reciprocal rank of the right hit, which looks at all
// ranks and so has less noise than R@1. Trying a weight on a picture fits nothing to that picture, so all of them
// count. Many weights are about as good, and the best of 26 owes something to chance: those whose MRR is within two
// standard errors of the paired difference to it (over pictures, whose captions are not independent) are tied. Among
// them the log loss of all candidates decides, with a sigmoid that was fitted on other pictures; all candidates,
// because they are the same for every weight, while what is first is not. What is within two standard errors there as
// well is no worse, and the smallest of it is taken: the paper ranks by the match logit alone, and a weight has to earn
// its place. So a model whose match logit needs no help keeps 0.

/// How a coarse weight did.
struct WeightTrial {
  double coarse_weight = 0;
  double r1 = 0;   ///< Percentage of queries whose first hit is right.
  double mrr = 0;  ///< Mean reciprocal rank of the right hit, 0 where none is among the candidates.
  bool tied = false;
  double log_loss = 0;  ///< Held-out, of all candidates; only where tied.
};

struct WeightChoice {
  double coarse_weight = 0;
  std::vector<WeightTrial> trials;  ///< All that were tried, ascending.
};

/// Note [Which coarse weight]. @param queries  that CheckPairs lets pass.
WeightChoice ChooseCoarseWeight(const CalibrationQueries& queries);

}  // namespace sightline::eval
