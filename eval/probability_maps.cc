// SPDX-License-Identifier: BSD-3-Clause
#include "eval/probability_maps.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace sightline::eval {
namespace {

constexpr int kMaxSteps = 100;
constexpr double kGradientLimit = 1e-9;  // Of the mean negative log likelihood.
constexpr double kRidge = 1e-12;
constexpr double kShortestStep = 1e-10;
constexpr double kEqualScores = 1e-9;  // Deviation, relative to the mean: what rounding may leave of none.
constexpr double kFewestPerRun = 20;
constexpr double kMostRuns = 20;

// Scores at mean 0 and deviation 1, so that the steps do not depend on their unit; targets as Platt has them.
struct Example {
  double z = 0;
  double target = 0;
  double weight = 0;  // All together 1.
};

struct Problem {
  std::vector<Example> examples;
  double mean = 0;
  double deviation = 0;
};

Problem Standardise(std::span<const FitPoint> points) {
  Problem problem;
  double right = 0;
  double wrong = 0;
  for (const FitPoint& point : points) {
    (point.right ? right : wrong) += point.weight;
    problem.mean += point.weight * point.score;
  }
  const double total = right + wrong;
  problem.mean /= total;
  double variance = 0;
  for (const FitPoint& point : points) {
    variance += point.weight * (point.score - problem.mean) * (point.score - problem.mean) / total;
  }
  problem.deviation = std::sqrt(variance);
  if (problem.deviation <= kEqualScores * std::max(1.0, std::abs(problem.mean))) problem.deviation = 0;
  const double scale = problem.deviation > 0 ? problem.deviation : 1;
  for (const FitPoint& point : points) {
    problem.examples.push_back({.z = (point.score - problem.mean) / scale,
                                .target = point.right ? (right + 1) / (right + 2) : 1 / (wrong + 2),
                                .weight = point.weight / total});
  }
  return problem;
}

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// -target * log(p) - (1 - target) * log(1 - p) at p = sigmoid(x), without overflow.
double LossAt(double x, double target) { return std::max(x, 0.0) - target * x + std::log1p(std::exp(-std::abs(x))); }

double Loss(const Problem& problem, double a, double b) {
  double sum = 0;
  for (const Example& each : problem.examples) sum += each.weight * LossAt(a * each.z + b, each.target);
  return sum;
}

struct Derivatives {
  double a = 0, b = 0;                      // First.
  double aa = kRidge, ab = 0, bb = kRidge;  // Second.
};

Derivatives DerivativesAt(const Problem& problem, double a, double b) {
  Derivatives out;
  for (const Example& each : problem.examples) {
    const double p = Sigmoid(a * each.z + b);
    const double first = each.weight * (p - each.target);
    const double second = each.weight * p * (1 - p);
    out.a += first * each.z;
    out.b += first;
    out.aa += second * each.z * each.z;
    out.ab += second * each.z;
    out.bb += second;
  }
  return out;
}

// Takes a Newton step, halved until the loss falls. Returns whether there was one.
bool Step(const Problem& problem, PlattMap& map) {
  const Derivatives d = DerivativesAt(problem, map.a, map.b);
  if (std::abs(d.a) < kGradientLimit && std::abs(d.b) < kGradientLimit) return false;
  const double determinant = d.aa * d.bb - d.ab * d.ab;
  const double step_a = -(d.bb * d.a - d.ab * d.b) / determinant;
  const double step_b = -(d.aa * d.b - d.ab * d.a) / determinant;
  const double slope = d.a * step_a + d.b * step_b;
  const double before = Loss(problem, map.a, map.b);
  for (double length = 1; length > kShortestStep; length /= 2) {
    const PlattMap next{.a = map.a + length * step_a, .b = map.b + length * step_b};
    if (Loss(problem, next.a, next.b) >= before + 1e-4 * length * slope) continue;
    map = next;
    return true;
  }
  return false;
}

PlattMap Constant(const Problem& problem) {
  double mean = 0;
  for (const Example& each : problem.examples) mean += each.weight * each.target;
  return {.a = 0, .b = std::log(mean / (1 - mean))};
}

// Points that belong together.
struct Run {
  double weight = 0;
  double right = 0;
  double scores = 0;  // Weighted sum.
  double least = 0;
  double most = 0;

  double share() const { return right / weight; }
  // Rounding must not carry it into the next run.
  double mean_score() const { return std::clamp(scores / weight, least, most); }
};

Run Join(const Run& a, const Run& b) {
  return {.weight = a.weight + b.weight,
          .right = a.right + b.right,
          .scores = a.scores + b.scores,
          .least = a.least,
          .most = b.most};
}

std::vector<Run> MakeRuns(std::span<const FitPoint> points, double lightest) {
  std::vector<FitPoint> sorted(points.begin(), points.end());
  std::sort(sorted.begin(), sorted.end(), [](const FitPoint& a, const FitPoint& b) { return a.score < b.score; });
  std::vector<Run> runs;
  for (const FitPoint& point : sorted) {
    const Run one{.weight = point.weight,
                  .right = point.right ? point.weight : 0,
                  .scores = point.weight * point.score,
                  .least = point.score,
                  .most = point.score};
    const bool is_full = runs.empty() || (runs.back().weight >= lightest && runs.back().most != point.score);
    if (is_full) {
      runs.push_back(one);
    } else {
      runs.back() = Join(runs.back(), one);
    }
  }
  if (runs.size() > 1 && runs.back().weight < lightest) {
    const Run last = runs.back();
    runs.pop_back();
    runs.back() = Join(runs.back(), last);
  }
  return runs;
}

}  // namespace

PlattMap FitPlatt(std::span<const FitPoint> points) {
  SL_CHECK(!points.empty());
  const Problem problem = Standardise(points);
  PlattMap map = Constant(problem);
  if (problem.deviation == 0) return map;
  for (int i = 0; i < kMaxSteps && Step(problem, map); ++i) {
  }
  if (!(map.a > 0)) return Constant(problem);
  const double a = map.a / problem.deviation;
  return {.a = a, .b = map.b - a * problem.mean};
}

IsotonicMap FitIsotonic(std::span<const FitPoint> points) {
  SL_CHECK(!points.empty());
  double total = 0;
  for (const FitPoint& point : points) total += point.weight;
  const double lightest = std::max(kFewestPerRun, total / kMostRuns);
  std::vector<Run> pools;
  for (Run run : MakeRuns(points, lightest)) {
    while (!pools.empty() && pools.back().share() >= run.share()) {
      run = Join(pools.back(), run);
      pools.pop_back();
    }
    pools.push_back(run);
  }
  const double margin = 1 / (lightest + 2);
  IsotonicMap map;
  for (const Run& pool : pools) {
    map.emplace_back(pool.mean_score(), std::clamp(pool.share(), margin, 1 - margin));
  }
  return map;
}

encoder::Calibration FitMap(std::span<const FitPoint> points, double coarse_weight,
                            encoder::Calibration::Method method) {
  encoder::Calibration calibration;
  calibration.coarse_weight = coarse_weight;
  calibration.method = method;
  if (method == encoder::Calibration::Method::kIsotonic) {
    calibration.points = FitIsotonic(points);
  } else {
    const PlattMap map = FitPlatt(points);
    calibration.a = map.a;
    calibration.b = map.b;
  }
  return calibration;
}

}  // namespace sightline::eval
