// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sightline::encoder {

/// `calibration.json`: how a match logit and a coarse score become a rank score and a match probability
/// (architecture, section 1). Immutable value.
struct Calibration {
  enum class Method { kPlatt, kIsotonic };

  double coarse_weight = 0;  ///< 0 for published checkpoints: the paper's protocol ranks by the match logit alone.
  Method method = Method::kPlatt;
  double a = 1;  ///< Platt: sigmoid(a * rank_score + b). a >= 0, so that the map never contradicts the order.
  double b = 0;
  std::vector<std::pair<double, double>> points;  ///< Isotonic: (rank score, probability), both ascending.
  std::string fitted_on;                          ///< For people. Empty: not fitted.

  /// `match_logit + coarse_weight * coarse_score`.
  double RankScore(double match_logit, double coarse_score) const { return match_logit + coarse_weight * coarse_score; }
  /// In [0, 1], non-decreasing in the rank score.
  double MatchProbability(double rank_score) const;
};

/// Reads "format": "sightline-calibration/1". Errors: kCorruption (not JSON), kInvalidArgument (missing or unknown key,
/// a < 0, points not ascending), kFailedPrecondition (a newer format).
Result<Calibration> ParseCalibration(std::string_view json);

/// The inverse of ParseCalibration.
std::string CalibrationToJson(const Calibration& calibration);

}  // namespace sightline::encoder
