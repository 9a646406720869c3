// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "encoder/calibration.h"
#include "eval/candidate_lists.h"
#include "eval/reliability.h"

namespace sightline::eval {

/// The match probabilities that figures are given for.
inline constexpr std::array kReportedMinMatch = {0.3, 0.5, 0.7, 0.9};

/// How honest a calibration is about the first hit of every query.
struct CalibrationFigures {
  size_t queries = 0;   ///< With candidates.
  double accuracy = 0;  ///< The share of first hits that are right.
  double log_loss = 0;
  double ece = 0;         ///< In 15 bins of equal mass.
  double chance_ece = 0;  ///< ChanceCalibrationError of the same bins.
  std::vector<ReliabilityBin> bins;
  /// At kReportedMinMatch: of first hits, of which one per query is findable, and of all that a search as deep as the
  /// lists shows.
  std::vector<ThresholdFigures> first_hits;
  std::vector<ThresholdFigures> all_hits;
};

/// The first hits of the lists as `calibration` orders and sees them; lists without candidates have none.
std::vector<ScoredHit> FirstHits(std::span<const CandidateList> lists, const encoder::Calibration& calibration);

/// Figures of first hits that somebody else scored; `all_hits` is empty.
CalibrationFigures FiguresOf(std::span<const ScoredHit> first_hits);
CalibrationFigures FiguresOf(std::span<const CandidateList> lists, const encoder::Calibration& calibration);

/// The share of queries that have an answer when hits below `min_match` are hidden.
struct AnswerRate {
  double min_match = 0;
  double with_own = 0;                               ///< Where the gallery has what is right for the query.
  std::optional<double> without_own = std::nullopt;  ///< Where it has not; absent when that was not asked.
};

/// At kReportedMinMatch. `without_own` may be null.
std::vector<AnswerRate> AnswerRates(std::span<const CandidateList> with_own,
                                    const std::vector<CandidateList>* without_own,
                                    const encoder::Calibration& calibration);

}  // namespace sightline::eval
