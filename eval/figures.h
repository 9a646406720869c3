// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "eval/live_protocol.h"
#include "eval/metrics.h"
#include "eval/statistics.h"

namespace sightline::eval {

/// By what the hits of one search are ordered.
enum class HitOrder {
  kCoarse,      ///< The coarse score.
  kRankScore,   ///< As `search` shows them.
  kMatchLogit,  ///< The match logit alone: the paper's protocol.
};
size_t RankIn(const QueryOutcome& outcome, HitOrder order);

/// Figures that are means over queries.
enum class Measure { kR1, kR5, kR10, kRecallMean, kMrr };
inline constexpr Measure kAllMeasures[] = {Measure::kR1, Measure::kR5, Measure::kR10, Measure::kRecallMean,
                                           Measure::kMrr};
/// What a 0-based rank adds to the mean: recalls in percent.
double ValueOf(Measure measure, size_t rank);

/// 95 % bootstrap intervals, pictures drawn with all their queries.
struct MetricIntervals {
  Interval r1;
  Interval r5;
  Interval r10;
  Interval recall_mean;
  Interval mrr;

  Interval& of(Measure measure);
};

struct Latency {
  double queries_per_second = 0;  ///< One query after the other.
  double p50_ms = 0;
  double p95_ms = 0;
};

/// What one configuration came to in one direction.
struct Figures {
  RankMetrics metrics;  ///< Of several folds their average.
  MetricIntervals intervals;
  Latency latency;
  size_t queries = 0;
};

/// @param folds  outcomes of each fold, numbered in the whole set; asked one by one. Errors: those of BootstrapMean.
Result<Figures> FiguresOf(std::span<const std::vector<QueryOutcome>> folds, HitOrder order);

/// How the measure differs between two orders of hits for the same queries. @param images  one per query: the clusters.
/// Errors: those of ComparePaired.
Result<PairedComparison> CompareRanks(std::span<const size_t> a, std::span<const size_t> b,
                                      std::span<const size_t> images, Measure measure);

/// Latency of queries that were asked one by one; zeros without any.
Latency LatencyOf(std::span<const std::vector<QueryOutcome>> folds);

}  // namespace sightline::eval
