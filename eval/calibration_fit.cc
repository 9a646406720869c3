// SPDX-License-Identifier: BSD-3-Clause
#include "eval/calibration_fit.h"

#include <span>
#include <utility>

#include "eval/calibration_queries.h"
#include "eval/probability_maps.h"

namespace sightline::eval {
namespace {

using encoder::Calibration;
using Method = encoder::Calibration::Method;

constexpr double kOthersWeight = 0.1;  // Note [What a match probability is about]

// Note [What a match probability is about].
std::vector<FitPoint> FirstsAndOthers(const CalibrationQueries& queries, double coarse_weight, LeftOut left_out) {
  const Calibration order = WithWeight(coarse_weight);
  std::vector<FitPoint> points;
  for (const CalibrationQuery& query : queries.all) {
    if (query.fold() == left_out) continue;
    const std::vector<ScoredPair>& pairs = query.list->pairs;
    const ScoredPair* const first = query.list->First(order);
    for (const ScoredPair& pair : pairs) {
      const double weight = &pair == first ? 1 : kOthersWeight / static_cast<double>(pairs.size() - 1);
      points.push_back({.score = ScoreOf(pair, order), .right = pair.right, .weight = weight});
    }
  }
  return points;
}

std::vector<ScoredHit> HeldOutFirsts(const CalibrationQueries& queries, double coarse_weight, Method method) {
  std::vector<ScoredHit> hits(queries.all.size());
  for (size_t fold = 0; fold < kCalibrationFolds; ++fold) {
    const Calibration fitted = FitMap(FirstsAndOthers(queries, coarse_weight, fold), coarse_weight, method);
    for (size_t i = 0; i < hits.size(); ++i) {
      if (queries.all[i].fold() != fold) continue;
      const ScoredPair& first = *queries.all[i].list->First(fitted);
      hits[i] = {.probability = fitted.MatchProbability(ScoreOf(first, fitted)), .right = first.right};
    }
  }
  return hits;
}

Losses LossesOf(const std::vector<ScoredHit>& hits) {
  Losses losses;
  for (const ScoredHit& hit : hits) losses.push_back(LogLoss(std::span(&hit, 1)));
  return losses;
}

}  // namespace

Result<CalibrationFit> FitCalibration(std::span<const CandidateList> lists) {
  const CalibrationQueries queries = WithCandidates(lists);
  SL_RETURN_IF_ERROR(CheckPairs(queries));
  CalibrationFit fit{
      .calibration = {}, .weights = {}, .held_out = {}, .queries = queries.all.size(), .pictures = queries.pictures};
  WeightChoice choice = ChooseCoarseWeight(queries);
  fit.weights = std::move(choice.trials);
  const double weight = choice.coarse_weight;
  std::vector<ScoredHit> platt = HeldOutFirsts(queries, weight, Method::kPlatt);
  std::vector<ScoredHit> isotonic = HeldOutFirsts(queries, weight, Method::kIsotonic);
  fit.platt_log_loss = LogLoss(platt);
  fit.isotonic_log_loss = LogLoss(isotonic);
  const bool needs_shape = IsWorse(queries, LossesOf(platt), LossesOf(isotonic));
  const Method method = needs_shape ? Method::kIsotonic : Method::kPlatt;
  fit.held_out = needs_shape ? std::move(isotonic) : std::move(platt);
  fit.calibration = FitMap(FirstsAndOthers(queries, weight, std::nullopt), weight, method);
  return fit;
}

}  // namespace sightline::eval
