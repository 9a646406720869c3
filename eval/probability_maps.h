// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "encoder/calibration.h"

namespace sightline::eval {

/// A rank score, whether what had it was right, and how much that counts.
struct FitPoint {
  double score = 0;  ///< Finite.
  bool right = false;
  double weight = 1;  ///< Above 0.
};

/// sigmoid(a * score + b).
struct PlattMap {
  double a = 0;  ///< Never below 0.
  double b = 0;
};

/// Fits a sigmoid by maximum likelihood with Platt's smoothed targets (n+ + 1) / (n+ + 2) and 1 / (n- + 2), which keep
/// it finite where scores separate right from wrong, and where everything is right or wrong; Newton's method with
/// backtracking (Lin, Lin, Weng 2007). Scores that are all equal, or that would fall with being right, give a = 0: the
/// same probability for every score. `points` is not empty.
PlattMap FitPlatt(std::span<const FitPoint> points);

/// Points of a map that is linear between them and constant outside, both values ascending, the scores strictly.
using IsotonicMap = std::vector<std::pair<double, double>>;

/// Fits a monotone map: runs of points in order of score, none lighter than a twentieth of all nor than 20, whose
/// shares of right ones are then pooled until they do not fall (pool adjacent violators). One point for each pool, at
/// its mean score. Probabilities stay 1 / (lightest run + 2) away from 0 and 1: a run where everything was right does
/// not say how often it is not. Points of equal score are never torn apart. `points` is not empty.
IsotonicMap FitIsotonic(std::span<const FitPoint> points);

/// A calibration with such a map, which orders by `coarse_weight`; the scores of `points` are rank scores with it.
encoder::Calibration FitMap(std::span<const FitPoint> points, double coarse_weight,
                            encoder::Calibration::Method method);

}  // namespace sightline::eval
