// SPDX-License-Identifier: BSD-3-Clause
#include "eval/calibration_report.h"

#include <algorithm>

namespace sightline::eval {
namespace {

ScoredHit HitOf(const ScoredPair& pair, const encoder::Calibration& calibration) {
  const double score = calibration.RankScore(pair.match_logit, pair.coarse_score);
  return {.probability = calibration.MatchProbability(score), .right = pair.right};
}

double ShareAnswered(std::span<const CandidateList> lists, const encoder::Calibration& calibration, double min_match) {
  if (lists.empty()) return 0;
  const std::vector<ScoredHit> first = FirstHits(lists, calibration);
  const auto answered = std::count_if(first.begin(), first.end(),
                                      [min_match](const ScoredHit& hit) { return hit.probability >= min_match; });
  return static_cast<double>(answered) / static_cast<double>(lists.size());
}

}  // namespace

std::vector<ScoredHit> FirstHits(std::span<const CandidateList> lists, const encoder::Calibration& calibration) {
  std::vector<ScoredHit> hits;
  for (const CandidateList& list : lists) {
    if (const ScoredPair* const first = list.First(calibration)) hits.push_back(HitOf(*first, calibration));
  }
  return hits;
}

CalibrationFigures FiguresOf(std::span<const ScoredHit> first_hits) {
  CalibrationFigures figures{.queries = first_hits.size(),
                             .log_loss = LogLoss(first_hits),
                             .bins = EqualMassBins(first_hits),
                             .first_hits = {},
                             .all_hits = {}};
  for (const ScoredHit& hit : first_hits) {
    figures.accuracy += hit.right ? 1 / static_cast<double>(first_hits.size()) : 0;
  }
  figures.ece = ExpectedCalibrationError(figures.bins);
  figures.chance_ece = ChanceCalibrationError(figures.bins);
  for (const double min_match : kReportedMinMatch) {
    figures.first_hits.push_back(FiguresAt(first_hits, min_match, first_hits.size()));
  }
  return figures;
}

CalibrationFigures FiguresOf(std::span<const CandidateList> lists, const encoder::Calibration& calibration) {
  CalibrationFigures figures = FiguresOf(FirstHits(lists, calibration));
  std::vector<ScoredHit> all;
  size_t findable = 0;
  for (const CandidateList& list : lists) {
    if (!list.pairs.empty()) findable += list.findable;
    for (const ScoredPair& pair : list.pairs) all.push_back(HitOf(pair, calibration));
  }
  for (const double min_match : kReportedMinMatch) {
    figures.all_hits.push_back(FiguresAt(all, min_match, findable));
  }
  return figures;
}

std::vector<AnswerRate> AnswerRates(std::span<const CandidateList> with_own,
                                    const std::vector<CandidateList>* without_own,
                                    const encoder::Calibration& calibration) {
  std::vector<AnswerRate> rates;
  for (const double min_match : kReportedMinMatch) {
    AnswerRate& rate = rates.emplace_back();
    rate.min_match = min_match;
    rate.with_own = ShareAnswered(with_own, calibration, min_match);
    if (without_own != nullptr) rate.without_own = ShareAnswered(*without_own, calibration, min_match);
  }
  return rates;
}

}  // namespace sightline::eval
