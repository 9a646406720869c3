// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_charts.h"

#include <algorithm>

#include <fmt/format.h>

#include "eval/reliability.h"

namespace sightline::app {
namespace {

using eval::Direction;
using eval::Figures;
using eval::HitOrder;
using eval::Measure;

constexpr size_t kUsualDepth = 64;

const Figures& FiguresIn(const EvalRow& row, Direction direction) {
  return direction == Direction::kTextToImage ? row.img : row.txt;
}

std::string DirectionName(const EvalOutput& output, Direction direction) {
  return direction == Direction::kTextToImage ? fmt::format("text to {}", output.image())
                                              : fmt::format("{} to text", output.image());
}

// Rows that are on the line of their index: the coarse stage and the order that search shows, or that of the logits
// where nothing else was asked for.
bool IsOnLine(const EvalOutput& output, const EvalRow& row) {
  if (!row.stage || row.order == HitOrder::kCoarse) return row.stage.has_value();
  if (row.order == HitOrder::kRankScore) return true;
  return std::none_of(output.rows.begin(), output.rows.end(),
                      [](const EvalRow& other) { return other.order == HitOrder::kRankScore; });
}

size_t DepthOf(const EvalOutput& output, const EvalRow& row) {
  return row.order == HitOrder::kCoarse ? 0 : output.stages[*row.stage].stage.depth;
}

double MetricOf(const eval::RankMetrics& metrics, Measure measure) {
  if (measure == Measure::kR1) return metrics.r1;
  return measure == Measure::kR5 ? metrics.r5 : metrics.r10;
}

ChartSeries DepthSeries(const EvalOutput& output, Direction direction, Measure measure, const char* name) {
  ChartSeries series = {.name = name, .points = {}};
  for (const EvalRow& row : output.rows) {
    if (!IsOnLine(output, row) || output.stages[*row.stage].stage.kind != output.stages.front().stage.kind) continue;
    const Figures& figures = FiguresIn(row, direction);
    eval::MetricIntervals intervals = figures.intervals;
    const eval::Interval interval = intervals.of(measure);
    const double value = MetricOf(figures.metrics, measure);
    series.points.push_back(
        {.x = static_cast<double>(DepthOf(output, row)),
         .y = value,
         .y_range = std::pair(interval.low, interval.high),
         .label = fmt::format("{}, {} {:.2f} ({:.2f} to {:.2f})", row.name, name, value, interval.low, interval.high)});
  }
  return series;
}

const eval::StageResult* StageForReliability(const EvalOutput& output) {
  const eval::StageResult* best = nullptr;
  for (const eval::StageResult& result : output.stages) {
    if (result.stage.kind != output.stages.front().stage.kind || result.stage.depth == 0) continue;
    if (best == nullptr || result.stage.depth <= kUsualDepth) best = &result;
  }
  return best;
}

}  // namespace

std::optional<Chart> DepthChart(const EvalOutput& output, Direction direction) {
  Chart chart = {.title = fmt::format("Recall against rerank depth, {}", DirectionName(output, direction)),
                 .x = {.title = "rerank depth"},
                 .y = {.title = "recall, %"},
                 .series = {DepthSeries(output, direction, Measure::kR10, "R@10"),
                            DepthSeries(output, direction, Measure::kR5, "R@5"),
                            DepthSeries(output, direction, Measure::kR1, "R@1")},
                 .names_at_ends = true};
  if (chart.series.front().points.size() < 2) return std::nullopt;
  for (const ChartPoint& point : chart.series.front().points) chart.x.ticks.push_back(point.x);
  return chart;
}

std::optional<Chart> LatencyChart(const EvalOutput& output, Direction direction) {
  Chart chart = {.title = fmt::format("Mean recall against latency, {}", DirectionName(output, direction)),
                 .x = {.title = "milliseconds per query, median", .logarithmic = true},
                 .y = {.title = "mean of R@1, 5, 10, %"},
                 .series = {}};
  for (const EvalRow& row : output.rows) {
    const Figures& figures = FiguresIn(row, direction);
    if (!row.timed || !IsOnLine(output, row) || figures.queries == 0) continue;
    const std::string index = eval::NameOf(output.stages[*row.stage].stage.kind);
    if (chart.series.empty() || chart.series.back().name != index)
      chart.series.push_back({.name = index, .points = {}});
    chart.series.back().points.push_back({.x = figures.latency.p50_ms,
                                          .y = figures.metrics.recall_mean(),
                                          .label = fmt::format("{}: mean recall {:.2f}, {:.1f} ms", row.name,
                                                               figures.metrics.recall_mean(), figures.latency.p50_ms)});
  }
  if (chart.series.empty()) return std::nullopt;
  return chart;
}

std::optional<Reliability> ReliabilityChart(const EvalOutput& output, Direction direction) {
  const eval::StageResult* stage = StageForReliability(output);
  if (stage == nullptr) return std::nullopt;
  std::vector<eval::ScoredHit> hits;
  for (const auto& fold : direction == Direction::kTextToImage ? stage->img : stage->txt) {
    for (const eval::QueryOutcome& outcome : fold) {
      if (outcome.first_probability) hits.push_back({*outcome.first_probability, outcome.first_right});
    }
  }
  if (hits.empty()) return std::nullopt;
  const std::vector<eval::ReliabilityBin> bins = eval::EqualMassBins(hits);
  Reliability out;
  ChartSeries series = {.name = "first hits", .points = {}};
  for (const eval::ReliabilityBin& bin : bins) {
    series.points.push_back({.x = bin.mean_probability,
                             .y = bin.accuracy,
                             .label = fmt::format("{} first hits: said {:.3f}, right {:.3f}", bin.count,
                                                  bin.mean_probability, bin.accuracy)});
  }
  out.chart = {.title = fmt::format("Reliability of the match probability, {}", DirectionName(output, direction)),
               .x = {.title = "match probability of the first hit", .ends = std::pair(0.0, 1.0)},
               .y = {.title = "share that is right", .ends = std::pair(0.0, 1.0)},
               .series = {std::move(series)},
               .has_diagonal = true};
  out.summary =
      fmt::format("{}, depth {}: {} first hits, {} bins; expected calibration error {:.3f} (by chance {:.3f})",
                  eval::NameOf(stage->stage.kind), stage->stage.depth, hits.size(), bins.size(),
                  eval::ExpectedCalibrationError(bins), eval::ChanceCalibrationError(bins));
  return out;
}

}  // namespace sightline::app
