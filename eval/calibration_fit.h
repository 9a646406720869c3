// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "encoder/calibration.h"
#include "eval/candidate_lists.h"
#include "eval/coarse_weight.h"
#include "eval/reliability.h"

namespace sightline::eval {

// Note [What a match probability is about]
// People see the first hit of a list, and min_match decides by it whether there is an answer at all. A first hit is the
// best of many: at the same rank score it is right more often than a candidate from further down, which has a better
// one before it. So a map that is fitted on all candidates alike calls first hits too unlikely, and one number cannot
// be exact for both. The fit is about first hits: each counts 1. The other candidates of a query share kOthersWeight
// between them, so that the map also has something to go by below the scores that first hits have. Further down a list
// the probability is therefore on the high side.
// "Right" means the query's own picture. Where others fit it as well, as "a dog" fits many, being right is more likely
// than the number says.

// Note [When the map is isotonic]
// The isotonic map has to be better than the sigmoid beyond chance, by the log loss of first hits, as weights are held
// against each other (Note [Which coarse weight]). It is bounded by the share of right hits in its uppermost run, so it
// cannot tell a very good match from a good one.

struct CalibrationFit {
  encoder::Calibration calibration;  ///< Fitted on everything; `fitted_on` is empty.
  std::vector<WeightTrial> weights;  ///< All that were tried, ascending.
  double platt_log_loss = 0;         ///< Held-out, of first hits.
  double isotonic_log_loss = 0;
  /// The first hit of every query as a calibration of the same kind and weight sees it that was fitted on other
  /// pictures, in order of the lists.
  std::vector<ScoredHit> held_out;
  size_t queries = 0;   ///< With candidates.
  size_t pictures = 0;  ///< That they belong to.
};

/// Fits the coarse weight and the map from rank score to match probability: Platt's sigmoid, or an isotonic map where
/// its held-out log loss of first hits is smaller beyond chance. Held-out: five folds of pictures, a picture's place
/// among all deciding its fold. Deterministic.
/// @param lists  of whole searches (CollectCandidates); lists without candidates do not count.
/// Errors: kInvalidArgument: a score is not finite; fewer than 50 queries with candidates, or of fewer than 10
/// pictures; none of the candidates, or every one, is right.
Result<CalibrationFit> FitCalibration(std::span<const CandidateList> lists);

}  // namespace sightline::eval
