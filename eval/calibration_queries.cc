// SPDX-License-Identifier: BSD-3-Clause
#include "eval/calibration_queries.h"

#include <cmath>
#include <map>
#include <numeric>
#include <string>

namespace sightline::eval {
namespace {

constexpr size_t kFewestQueries = 50;
constexpr size_t kFewestPictures = 10;
constexpr double kStandardErrors = 2;  // A smaller difference may be chance.
constexpr double kRounding = 1e-9;     // Of sums of losses.

}  // namespace

CalibrationQueries WithCandidates(std::span<const CandidateList> lists) {
  std::map<size_t, size_t> place;
  for (const CandidateList& list : lists) {
    if (!list.pairs.empty()) place.emplace(list.picture, 0);
  }
  CalibrationQueries queries{.all = {}, .pictures = place.size()};
  size_t next = 0;
  for (auto& [picture, number] : place) number = next++;
  for (const CandidateList& list : lists) {
    if (!list.pairs.empty()) queries.all.push_back({.list = &list, .picture = place.at(list.picture)});
  }
  return queries;
}

Status CheckPairs(const CalibrationQueries& queries) {
  size_t right = 0;
  size_t wrong = 0;
  for (const CalibrationQuery& query : queries.all) {
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

encoder::Calibration WithWeight(double coarse_weight) {
  encoder::Calibration calibration;
  calibration.coarse_weight = coarse_weight;
  return calibration;
}

double ScoreOf(const ScoredPair& pair, const encoder::Calibration& calibration) {
  return calibration.RankScore(pair.match_logit, pair.coarse_score);
}

double Sum(const Losses& losses) { return std::accumulate(losses.begin(), losses.end(), 0.0); }

bool IsWorse(const CalibrationQueries& queries, const Losses& losses, const Losses& best) {
  std::vector<double> per_picture(queries.pictures);
  for (size_t i = 0; i < queries.all.size(); ++i) per_picture[queries.all[i].picture] += losses[i] - best[i];
  const auto pictures = static_cast<double>(queries.pictures);
  const double sum = Sum(per_picture);
  double squares = 0;
  for (const double difference : per_picture) squares += std::pow(difference - sum / pictures, 2);
  return sum > kStandardErrors * std::sqrt(squares * pictures / (pictures - 1)) + kRounding;
}

}  // namespace sightline::eval
