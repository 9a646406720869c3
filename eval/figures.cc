// SPDX-License-Identifier: BSD-3-Clause
#include "eval/figures.h"

#include <algorithm>

#include "base/check.h"
#include "eval/folds.h"

namespace sightline::eval {
namespace {

RankMetrics MetricsIn(std::span<const QueryOutcome> outcomes, HitOrder order) {
  std::vector<size_t> ranks;
  for (const QueryOutcome& outcome : outcomes) ranks.push_back(RankIn(outcome, order));
  return MetricsOf(ranks);
}

Result<MetricIntervals> IntervalsOf(std::span<const std::vector<QueryOutcome>> folds, HitOrder order) {
  MetricIntervals intervals;
  for (const Measure measure : kAllMeasures) {
    std::vector<double> values;
    std::vector<size_t> pictures;
    for (const std::vector<QueryOutcome>& fold : folds) {
      for (const QueryOutcome& outcome : fold) {
        values.push_back(ValueOf(measure, RankIn(outcome, order)));
        pictures.push_back(outcome.image);
      }
    }
    SL_ASSIGN_OR_RETURN(intervals.of(measure), BootstrapMean(values, pictures));
  }
  return intervals;
}

double Recall(size_t rank, size_t limit) { return rank < limit ? 100 : 0; }

}  // namespace

size_t RankIn(const QueryOutcome& outcome, HitOrder order) {
  switch (order) {
    case HitOrder::kCoarse:
      return outcome.coarse_rank;
    case HitOrder::kRankScore:
      return outcome.rank;
    case HitOrder::kMatchLogit:
      return outcome.logit_rank;
  }
  CheckFailed("RankIn: not a HitOrder", __FILE__, __LINE__);
}

double ValueOf(Measure measure, size_t rank) {
  switch (measure) {
    case Measure::kR1:
      return Recall(rank, 1);
    case Measure::kR5:
      return Recall(rank, 5);
    case Measure::kR10:
      return Recall(rank, 10);
    case Measure::kRecallMean:
      return (Recall(rank, 1) + Recall(rank, 5) + Recall(rank, 10)) / 3;
    case Measure::kMrr:
      return ReciprocalRank(rank);
  }
  CheckFailed("ValueOf: not a Measure", __FILE__, __LINE__);
}

Interval& MetricIntervals::of(Measure measure) {
  switch (measure) {
    case Measure::kR1:
      return r1;
    case Measure::kR5:
      return r5;
    case Measure::kR10:
      return r10;
    case Measure::kRecallMean:
      return recall_mean;
    case Measure::kMrr:
      return mrr;
  }
  CheckFailed("MetricIntervals: not a Measure", __FILE__, __LINE__);
}

Latency LatencyOf(std::span<const std::vector<QueryOutcome>> folds) {
  std::vector<double> times;
  double sum = 0;
  for (const std::vector<QueryOutcome>& fold : folds) {
    for (const QueryOutcome& outcome : fold) {
      times.push_back(outcome.ms);
      sum += outcome.ms;
    }
  }
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  return {.queries_per_second = 1000.0 * static_cast<double>(times.size()) / std::max(sum, 1e-9),
          .p50_ms = QuantileOf(times, 0.5),
          .p95_ms = QuantileOf(times, 0.95)};
}

Result<PairedComparison> CompareRanks(std::span<const size_t> a, std::span<const size_t> b,
                                      std::span<const size_t> images, Measure measure) {
  const auto values = [measure](std::span<const size_t> ranks) {
    std::vector<double> out;
    for (const size_t rank : ranks) out.push_back(ValueOf(measure, rank));
    return out;
  };
  return ComparePaired(values(a), values(b), images);
}

Result<Figures> FiguresOf(std::span<const std::vector<QueryOutcome>> folds, HitOrder order) {
  std::vector<RankMetrics> metrics;
  Figures figures;
  for (const std::vector<QueryOutcome>& fold : folds) {
    metrics.push_back(MetricsIn(fold, order));
    figures.queries += fold.size();
  }
  figures.metrics = AverageOf(metrics);
  SL_ASSIGN_OR_RETURN(figures.intervals, IntervalsOf(folds, order));
  figures.latency = LatencyOf(folds);
  return figures;
}

}  // namespace sightline::eval
