// SPDX-License-Identifier: BSD-3-Clause
#include "eval/calibration_fit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "eval/probability_maps.h"

namespace sightline::eval {
namespace {

using encoder::Calibration;
using Method = encoder::Calibration::Method;

constexpr size_t kFolds = 5;
constexpr size_t kFewestQueries = 50;
constexpr size_t kFewestPictures = 10;
constexpr double kOthersWeight = 0.1;  // Note [What a match probability is about]
constexpr double kLargestWeight = 4096;
constexpr double kSameLogLoss = 1e-6;  // A difference below it is rounding: the smaller weight then.

/// A query with candidates, and the fold that its picture is in.
struct Query {
  const CandidateList* list = nullptr;
  size_t picture = 0;  // Counted from 0.
  size_t fold() const { return picture % kFolds; }
};

struct Queries {
  std::vector<Query> all;
  size_t pictures = 0;
};

Queries WithCandidates(std::span<const CandidateList> lists) {
  std::map<size_t, size_t> place;
  for (const CandidateList& list : lists) {
    if (!list.pairs.empty()) place.emplace(list.picture, 0);
  }
  Queries queries{.all = {}, .pictures = place.size()};
  size_t next = 0;
  for (auto& [picture, number] : place) number = next++;
  for (const CandidateList& list : lists) {
    if (!list.pairs.empty()) queries.all.push_back({.list = &list, .picture = place.at(list.picture)});
  }
  return queries;
}

Status CheckPairs(const Queries& queries) {
  size_t right = 0;
  size_t wrong = 0;
  for (const Query& query : queries.all) {
    for (const ScoredPair& pair : query.list->pairs) {
      if (!std::isfinite(pair.coarse_score) || !std::isfinite(pair.match_logit)) {
        return Fail(ErrorCode::kInvalidArgument,
                    "a score of a query about picture " + std::to_string(query.list->picture) + " is not a number");
      }
      ++(pair.right ? right : wrong);
    }
  }
  if (queries.all.size() < kFewestQueries || queries.pictures < kFewestPictures) {
    return Fail(ErrorCode::kInvalidArgument,
                std::to_string(queries.all.size()) + " queries about " + std::to_string(queries.pictures) +
                    " pictures are too few to calibrate on: at least 50 about 10 pictures are needed");
  }
  if (right == 0) return Fail(ErrorCode::kInvalidArgument, "no query found its own picture: nothing to calibrate on");
  if (wrong == 0) {
    return Fail(ErrorCode::kInvalidArgument,
                "every candidate is right: calibration needs pictures that a query could be mistaken about");
  }
  return {};
}

Calibration WithWeight(double coarse_weight) {
  Calibration calibration;
  calibration.coarse_weight = coarse_weight;
  return calibration;
}

double ScoreOf(const ScoredPair& pair, const Calibration& calibration) {
  return calibration.RankScore(pair.match_logit, pair.coarse_score);
}

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
  std::vector<double> reciprocal_ranks;  // Per query.
};

Trial TryWeight(const Queries& queries, double coarse_weight) {
  Trial trial{.figures = {.coarse_weight = coarse_weight}, .reciprocal_ranks = {}};
  const auto count = static_cast<double>(queries.all.size());
  const Calibration order = WithWeight(coarse_weight);
  for (const Query& query : queries.all) {
    const std::optional<size_t> rank = RankOfRight(*query.list, order);
    trial.reciprocal_ranks.push_back(rank ? 1 / static_cast<double>(*rank + 1) : 0);
    trial.figures.mrr += trial.reciprocal_ranks.back() / count;
    trial.figures.r1 += rank == size_t{0} ? 100 / count : 0;
  }
  return trial;
}

// Whether the difference to the best is no more than its standard error, with pictures as the independent ones.
bool IsTied(const Queries& queries, const Trial& trial, const Trial& best) {
  std::vector<double> per_picture(queries.pictures);
  for (size_t i = 0; i < queries.all.size(); ++i) {
    per_picture[queries.all[i].picture] += best.reciprocal_ranks[i] - trial.reciprocal_ranks[i];
  }
  const auto pictures = static_cast<double>(queries.pictures);
  double sum = 0;
  for (const double difference : per_picture) sum += difference;
  double squares = 0;
  for (const double difference : per_picture) squares += std::pow(difference - sum / pictures, 2);
  return sum <= std::sqrt(squares * pictures / (pictures - 1));
}

std::vector<double> Weights() {
  std::vector<double> weights = {0};
  for (double weight = 1; weight <= kLargestWeight; weight *= 2) {
    weights.push_back(weight);
    if (weight < kLargestWeight) weights.push_back(weight * 1.5);
  }
  return weights;
}

// Whom a fit learns from: everybody, or all but one fold.
using LeftOut = std::optional<size_t>;

Calibration FitMap(std::span<const FitPoint> points, double coarse_weight, Method method) {
  Calibration calibration = WithWeight(coarse_weight);
  calibration.method = method;
  if (method == Method::kIsotonic) {
    calibration.points = FitIsotonic(points);
  } else {
    const PlattMap map = FitPlatt(points);
    calibration.a = map.a;
    calibration.b = map.b;
  }
  return calibration;
}

std::vector<FitPoint> AllCandidates(const Queries& queries, double coarse_weight, LeftOut left_out) {
  const Calibration order = WithWeight(coarse_weight);
  std::vector<FitPoint> points;
  for (const Query& query : queries.all) {
    if (query.fold() == left_out) continue;
    for (const ScoredPair& pair : query.list->pairs) {
      points.push_back({.score = ScoreOf(pair, order), .right = pair.right});
    }
  }
  return points;
}

double CandidateLogLoss(const Queries& queries, double coarse_weight) {
  std::vector<ScoredHit> hits;
  for (size_t fold = 0; fold < kFolds; ++fold) {
    const Calibration fitted = FitMap(AllCandidates(queries, coarse_weight, fold), coarse_weight, Method::kPlatt);
    for (const Query& query : queries.all) {
      if (query.fold() != fold) continue;
      for (const ScoredPair& pair : query.list->pairs) {
        const double probability = fitted.MatchProbability(ScoreOf(pair, fitted));
        hits.push_back({.probability = probability, .right = pair.right});
      }
    }
  }
  return LogLoss(hits);
}

// Note [Which coarse weight]. Fills in `weights`.
double ChooseWeight(const Queries& queries, std::vector<WeightTrial>& weights) {
  std::vector<Trial> trials;
  for (const double weight : Weights()) trials.push_back(TryWeight(queries, weight));
  const auto& best = *std::max_element(trials.begin(), trials.end(),
                                       [](const Trial& a, const Trial& b) { return a.figures.mrr < b.figures.mrr; });
  const WeightTrial* chosen = nullptr;
  weights.reserve(trials.size());
  for (Trial& trial : trials) {
    trial.figures.tied = IsTied(queries, trial, best);
    if (trial.figures.tied) trial.figures.log_loss = CandidateLogLoss(queries, trial.figures.coarse_weight);
    weights.push_back(trial.figures);
    const bool better = chosen == nullptr || weights.back().log_loss < chosen->log_loss - kSameLogLoss;
    if (weights.back().tied && better) chosen = &weights.back();
  }
  return chosen->coarse_weight;
}

// Note [What a match probability is about].
std::vector<FitPoint> FirstsAndOthers(const Queries& queries, double coarse_weight, LeftOut left_out) {
  const Calibration order = WithWeight(coarse_weight);
  std::vector<FitPoint> points;
  for (const Query& query : queries.all) {
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

std::vector<ScoredHit> HeldOutFirsts(const Queries& queries, double coarse_weight, Method method) {
  std::vector<ScoredHit> hits(queries.all.size());
  for (size_t fold = 0; fold < kFolds; ++fold) {
    const Calibration fitted = FitMap(FirstsAndOthers(queries, coarse_weight, fold), coarse_weight, method);
    for (size_t i = 0; i < hits.size(); ++i) {
      if (queries.all[i].fold() != fold) continue;
      const ScoredPair& first = *queries.all[i].list->First(fitted);
      hits[i] = {.probability = fitted.MatchProbability(ScoreOf(first, fitted)), .right = first.right};
    }
  }
  return hits;
}

}  // namespace

Result<CalibrationFit> FitCalibration(std::span<const CandidateList> lists) {
  const Queries queries = WithCandidates(lists);
  SL_RETURN_IF_ERROR(CheckPairs(queries));
  CalibrationFit fit{
      .calibration = {}, .weights = {}, .held_out = {}, .queries = queries.all.size(), .pictures = queries.pictures};
  const double weight = ChooseWeight(queries, fit.weights);
  std::vector<ScoredHit> platt = HeldOutFirsts(queries, weight, Method::kPlatt);
  std::vector<ScoredHit> isotonic = HeldOutFirsts(queries, weight, Method::kIsotonic);
  fit.platt_log_loss = LogLoss(platt);
  fit.isotonic_log_loss = LogLoss(isotonic);
  const Method method = fit.isotonic_log_loss < fit.platt_log_loss ? Method::kIsotonic : Method::kPlatt;
  fit.held_out = method == Method::kIsotonic ? std::move(isotonic) : std::move(platt);
  fit.calibration = FitMap(FirstsAndOthers(queries, weight, std::nullopt), weight, method);
  return fit;
}

}  // namespace sightline::eval
