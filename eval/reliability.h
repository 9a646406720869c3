// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace sightline::eval {

/// What a hit was said to be, and what it is.
struct ScoredHit {
  double probability = 0;  ///< The match probability, in [0, 1].
  bool right = false;
};

/// Hits of about the same probability.
struct ReliabilityBin {
  double mean_probability = 0;
  double accuracy = 0;  ///< The share that is right; equal to the mean probability where that is honest.
  size_t count = 0;     ///< Never 0.
};

/// The hits in order of probability, cut into at most `bins` runs of as equal a number as can be: a bin ends at a
/// multiple of hits / bins, or later where hits of one probability would be torn apart, so that the order in which the
/// hits come changes nothing. Fewer than `bins` of them when there are fewer hits; none of no hits.
std::vector<ReliabilityBin> EqualMassBins(std::span<const ScoredHit> hits, size_t bins = 15);

/// ECE: the mean of |accuracy - mean probability| over the bins, each with the weight of its hits. 0 without bins.
double ExpectedCalibrationError(std::span<const ReliabilityBin> bins);

/// About the ECE that probabilities which are exactly right would have in these bins by chance: the mean of the
/// half-normal error of each bin's accuracy, sqrt(2 / pi) * sqrt(p (1 - p) / count). An ECE near it says no more than
/// that nothing wrong was seen.
double ChanceCalibrationError(std::span<const ReliabilityBin> bins);

/// The mean of -log(probability of what is the case), natural. Probabilities of 0 and 1 count as 1e-12 away from it.
/// 0 without hits.
double LogLoss(std::span<const ScoredHit> hits);

/// What remains when hits below a match probability are hidden.
struct ThresholdFigures {
  double min_match = 0;
  size_t shown = 0;  ///< Hits at or above it.
  size_t right = 0;  ///< Of those.
  /// right / shown; absent when nothing is shown.
  std::optional<double> precision = std::nullopt;
  double recall = 0;  ///< right / what could be found at best; 0 when that is nothing.
};

/// @param findable  right hits that there are, whatever hides them; at least those in `hits`.
ThresholdFigures FiguresAt(std::span<const ScoredHit> hits, double min_match, size_t findable);

}  // namespace sightline::eval
