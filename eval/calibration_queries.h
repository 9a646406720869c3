// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "encoder/calibration.h"
#include "eval/candidate_lists.h"

namespace sightline::eval {

/// Folds of pictures that held-out figures are made with.
inline constexpr size_t kCalibrationFolds = 5;

/// A query with candidates, and the fold that its picture is in.
struct CalibrationQuery {
  const CandidateList* list = nullptr;
  size_t picture = 0;  ///< Counted from 0.
  size_t fold() const { return picture % kCalibrationFolds; }
};

struct CalibrationQueries {
  std::vector<CalibrationQuery> all;
  size_t pictures = 0;
};

/// Whom a fit learns from: everybody, or all but one fold.
using LeftOut = std::optional<size_t>;

/// The lists that have candidates, which must outlive it.
CalibrationQueries WithCandidates(std::span<const CandidateList> lists);

/// Whether they can be fitted on. Errors: those of FitCalibration.
Status CheckPairs(const CalibrationQueries& queries);

/// What orders by this weight and is not fitted.
encoder::Calibration WithWeight(double coarse_weight);

double ScoreOf(const ScoredPair& pair, const encoder::Calibration& calibration);

/// One per query.
using Losses = std::vector<double>;
double Sum(const Losses& losses);

/// Whether what has these losses is worse than the best beyond chance. Pictures are the independent ones.
bool IsWorse(const CalibrationQueries& queries, const Losses& losses, const Losses& best);

}  // namespace sightline::eval
