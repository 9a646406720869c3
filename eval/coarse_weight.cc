// SPDX-License-Identifier: BSD-3-Clause
#include "eval/coarse_weight.h"

#include <algorithm>
#include <optional>
#include <span>

#include "eval/probability_maps.h"
#include "eval/reliability.h"

namespace sightline::eval {
namespace {

using encoder::Calibration;

constexpr double kLargestWeight = 4096;

// Of the best right candidate, from 0; absent without one.
std::optional<size_t> RankOfRight(const CandidateList& list, const Calibration& order) {
  const ScoredPair* best = nullptr;
  for (const ScoredPair& pair : list.pairs) {
    const bool better = best == nullptr || ScoreOf(pair, order) > ScoreOf(*best, order);
    if (pair.right && better) best = &pair;
  }
  if (best == nullptr) return std::nullopt;
  const double score = ScoreOf(*best, order);
  return static_cast<size_t>(std::count_if(list.pairs.begin(), list.pairs.end(), [&](const ScoredPair& pair) {
    const double other = ScoreOf(pair, order);
    return other > score || (other == score && &pair < best);
  }));
}

struct Trial {
  WeightTrial figures;
  Losses misses{};      // 1 less the reciprocal rank.
  Losses log_losses{};  // Held-out, of all candidates; only where tied.
};

Trial TryWeight(const CalibrationQueries& queries, double coarse_weight) {
  Trial trial{.figures = {.coarse_weight = coarse_weight}};
  const auto count = static_cast<double>(queries.all.size());
  const Calibration order = WithWeight(coarse_weight);
  for (const CalibrationQuery& query : queries.all) {
    const std::optional<size_t> rank = RankOfRight(*query.list, order);
    const double reciprocal = rank ? 1 / static_cast<double>(*rank + 1) : 0;
    trial.misses.push_back(1 - reciprocal);
    trial.figures.mrr += reciprocal / count;
    trial.figures.r1 += rank == size_t{0} ? 100 / count : 0;
  }
  return trial;
}

std::vector<double> Weights() {
  std::vector<double> weights = {0};
  for (double weight = 1; weight <= kLargestWeight; weight *= 2) {
    weights.push_back(weight);
    if (weight < kLargestWeight) weights.push_back(weight * 1.5);
  }
  return weights;
}

std::vector<FitPoint> AllCandidates(const CalibrationQueries& queries, double coarse_weight, LeftOut left_out) {
  const Calibration order = WithWeight(coarse_weight);
  std::vector<FitPoint> points;
  for (const CalibrationQuery& query : queries.all) {
    if (query.fold() == left_out) continue;
    for (const ScoredPair& pair : query.list->pairs) {
      points.push_back({.score = ScoreOf(pair, order), .right = pair.right});
    }
  }
  return points;
}

double LossOf(const Calibration& calibration, const ScoredPair& pair) {
  const ScoredHit hit{.probability = calibration.MatchProbability(ScoreOf(pair, calibration)), .right = pair.right};
  return LogLoss(std::span(&hit, 1));
}

Losses CandidateLogLosses(const CalibrationQueries& queries, double coarse_weight) {
  Losses losses(queries.all.size());
  for (size_t fold = 0; fold < kCalibrationFolds; ++fold) {
    const Calibration fitted =
        FitMap(AllCandidates(queries, coarse_weight, fold), coarse_weight, Calibration::Method::kPlatt);
    for (size_t i = 0; i < losses.size(); ++i) {
      if (queries.all[i].fold() != fold) continue;
      for (const ScoredPair& pair : queries.all[i].list->pairs) losses[i] += LossOf(fitted, pair);
    }
  }
  return losses;
}

std::vector<Trial> TryWeights(const CalibrationQueries& queries) {
  std::vector<Trial> trials;
  for (const double weight : Weights()) trials.push_back(TryWeight(queries, weight));
  const Trial& best = *std::max_element(trials.begin(), trials.end(),
                                        [](const Trial& a, const Trial& b) { return a.figures.mrr < b.figures.mrr; });
  size_t candidates = 0;
  for (const CalibrationQuery& query : queries.all) candidates += query.list->pairs.size();
  for (Trial& trial : trials) {
    trial.figures.tied = !IsWorse(queries, trial.misses, best.misses);
    if (!trial.figures.tied) continue;
    trial.log_losses = CandidateLogLosses(queries, trial.figures.coarse_weight);
    trial.figures.log_loss = Sum(trial.log_losses) / static_cast<double>(candidates);
  }
  return trials;
}

// The smallest of those that are tied in both.
double ChooseWeight(const CalibrationQueries& queries, const std::vector<Trial>& trials) {
  const Trial* best = nullptr;
  for (const Trial& trial : trials) {
    const bool better = best == nullptr || trial.figures.log_loss < best->figures.log_loss;
    if (trial.figures.tied && better) best = &trial;
  }
  const auto chosen = std::find_if(trials.begin(), trials.end(), [&](const Trial& trial) {
    return trial.figures.tied && !IsWorse(queries, trial.log_losses, best->log_losses);
  });
  return chosen->figures.coarse_weight;
}

}  // namespace

WeightChoice ChooseCoarseWeight(const CalibrationQueries& queries) {
  const std::vector<Trial> trials = TryWeights(queries);
  WeightChoice choice{.coarse_weight = ChooseWeight(queries, trials), .trials = {}};
  for (const Trial& trial : trials) choice.trials.push_back(trial.figures);
  return choice;
}

}  // namespace sightline::eval
