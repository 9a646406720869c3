// SPDX-License-Identifier: BSD-3-Clause
#include "eval/calibration_fit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <span>
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
constexpr double kStandardErrors = 2;  // A smaller difference may be chance.
constexpr double kRounding = 1e-9;     // Of sums of losses.

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

using Losses = std::vector<double>;  // Per query.

double Sum(const Losses& losses) { return std::accumulate(losses.begin(), losses.end(), 0.0); }

// Whether what has these losses is worse than the best beyond chance. Pictures are the independent ones.
bool IsWorse(const Queries& queries, const Losses& losses, const Losses& best) {
  std::vector<double> per_picture(queries.pictures);
  for (size_t i = 0; i < queries.all.size(); ++i) per_picture[queries.all[i].picture] += losses[i] - best[i];
  const auto pictures = static_cast<double>(queries.pictures);
  const double sum = Sum(per_picture);
  double squares = 0;
  for (const double difference : per_picture) squares += std::pow(difference - sum / pictures, 2);
  return sum > kStandardErrors * std::sqrt(squares * pictures / (pictures - 1)) + kRounding;
}

struct Trial {
  WeightTrial figures;
  Losses misses{};      // 1 less the reciprocal rank.
  Losses log_losses{};  // Held-out, of all candidates; only where tied.
};

Trial TryWeight(const Queries& queries, double coarse_weight) {
  Trial trial{.figures = {.coarse_weight = coarse_weight}};
  const auto count = static_cast<double>(queries.all.size());
  const Calibration order = WithWeight(coarse_weight);
  for (const Query& query : queries.all) {
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

double LossOf(const Calibration& calibration, const ScoredPair& pair) {
  const ScoredHit hit{.probability = calibration.MatchProbability(ScoreOf(pair, calibration)), .right = pair.right};
  return LogLoss(std::span(&hit, 1));
}

Losses CandidateLogLosses(const Queries& queries, double coarse_weight) {
  Losses losses(queries.all.size());
  for (size_t fold = 0; fold < kFolds; ++fold) {
    const Calibration fitted = FitMap(AllCandidates(queries, coarse_weight, fold), coarse_weight, Method::kPlatt);
    for (size_t i = 0; i < losses.size(); ++i) {
      if (queries.all[i].fold() != fold) continue;
      for (const ScoredPair& pair : queries.all[i].list->pairs) losses[i] += LossOf(fitted, pair);
    }
  }
  return losses;
}

// Note [Which coarse weight].
std::vector<Trial> TryWeights(const Queries& queries) {
  std::vector<Trial> trials;
  for (const double weight : Weights()) trials.push_back(TryWeight(queries, weight));
  const Trial& best = *std::max_element(trials.begin(), trials.end(),
                                        [](const Trial& a, const Trial& b) { return a.figures.mrr < b.figures.mrr; });
  size_t candidates = 0;
  for (const Query& query : queries.all) candidates += query.list->pairs.size();
  for (Trial& trial : trials) {
    trial.figures.tied = !IsWorse(queries, trial.misses, best.misses);
    if (!trial.figures.tied) continue;
    trial.log_losses = CandidateLogLosses(queries, trial.figures.coarse_weight);
    trial.figures.log_loss = Sum(trial.log_losses) / static_cast<double>(candidates);
  }
  return trials;
}

// The smallest of those that are tied in both.
double ChooseWeight(const Queries& queries, const std::vector<Trial>& trials) {
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

Losses LossesOf(const std::vector<ScoredHit>& hits) {
  Losses losses;
  for (const ScoredHit& hit : hits) losses.push_back(LogLoss(std::span(&hit, 1)));
  return losses;
}

}  // namespace

Result<CalibrationFit> FitCalibration(std::span<const CandidateList> lists) {
  const Queries queries = WithCandidates(lists);
  SL_RETURN_IF_ERROR(CheckPairs(queries));
  CalibrationFit fit{
      .calibration = {}, .weights = {}, .held_out = {}, .queries = queries.all.size(), .pictures = queries.pictures};
  const std::vector<Trial> trials = TryWeights(queries);
  for (const Trial& trial : trials) fit.weights.push_back(trial.figures);
  const double weight = ChooseWeight(queries, trials);
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
