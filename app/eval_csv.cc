// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "app/eval_output.h"

namespace sightline::app {
namespace {

using eval::Figures;

constexpr const char* kHeading =
    "stage,index,depth,order,direction,queries,r1,r1_low,r1_high,r5,r5_low,r5_high,r10,r10_low,r10_high,r_mean,"
    "r_mean_low,r_mean_high,mrr10,mrr10_low,mrr10_high,median_rank,mean_rank,queries_per_second,ms_p50,ms_p95,"
    "index_bytes_per_unit,token_bytes_per_unit\n";

// What is not known or not measured is an empty field.
std::string Field(const std::optional<double>& value) { return value ? fmt::format(",{:.6g}", *value) : ","; }

std::string Measured(double value, const eval::Interval& interval, bool has_interval) {
  std::string out = Field(value);
  for (const double bound : {interval.low, interval.high}) {
    out += Field(has_interval ? std::optional(bound) : std::nullopt);
  }
  return out;
}

std::string Line(const EvalOutput& output, const EvalRow& row, const char* direction, const Figures& figures) {
  const RowPlace place = PlaceOf(output, row);
  const bool is_live = row.stage.has_value();
  const eval::RankMetrics& metrics = figures.metrics;
  const auto timed = [&row](double value) { return Field(row.timed ? std::optional(value) : std::nullopt); };
  std::string out =
      fmt::format("{},{},{},{},{},{}", row.name, place.index, place.depth ? fmt::format("{}", *place.depth) : "",
                  is_live ? place.order : "", direction, figures.queries);
  out += Measured(metrics.r1, figures.intervals.r1, is_live);
  out += Measured(metrics.r5, figures.intervals.r5, is_live);
  out += Measured(metrics.r10, figures.intervals.r10, is_live);
  out += Measured(metrics.recall_mean(), figures.intervals.recall_mean, is_live);
  out += Measured(metrics.mrr, figures.intervals.mrr, is_live);
  out += Field(metrics.median_rank) + Field(metrics.mean_rank);
  out += timed(figures.latency.queries_per_second) + timed(figures.latency.p50_ms) + timed(figures.latency.p95_ms);
  if (!is_live) return out + ",,\n";
  const eval::StageResult& stage = output.stages[*row.stage];
  return out + Field(stage.index_bytes_per_unit) + Field(stage.token_bytes_per_unit) + "\n";
}

}  // namespace

std::string EvalCsv(const EvalOutput& output) {
  const std::string image = output.image();
  std::string out = kHeading;
  for (const EvalRow& row : output.rows) {
    out += Line(output, row, fmt::format("text_to_{}", image).c_str(), row.img);
    out += Line(output, row, fmt::format("{}_to_text", image).c_str(), row.txt);
  }
  return out;
}

}  // namespace sightline::app
