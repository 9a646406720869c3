// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <boost/json.hpp>

#include "app/eval_output.h"
#include "app/json_texts_internal.h"
#include "app/text.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

using eval::Figures;
using eval::HitOrder;
using eval::QueryOutcome;

json::value RankValue(const std::optional<double>& rank) { return rank ? json::value(*rank) : json::value(nullptr); }

json::array Bounds(const eval::Interval& interval) { return {interval.low, interval.high}; }

void AddFigures(const std::string& prefix, const EvalRow& row, const Figures& figures, json::object& out) {
  const auto add = [&](const char* name, json::value value) { out[prefix + name] = std::move(value); };
  const eval::RankMetrics& metrics = figures.metrics;
  add("_r1", metrics.r1);
  add("_r5", metrics.r5);
  add("_r10", metrics.r10);
  add("_r_mean", metrics.recall_mean());
  add("_mrr10", metrics.mrr);
  add("_mdr", RankValue(metrics.median_rank));
  add("_mnr", RankValue(metrics.mean_rank));
  if (!row.stage) return;
  add("_r1_95", Bounds(figures.intervals.r1));
  add("_r5_95", Bounds(figures.intervals.r5));
  add("_r10_95", Bounds(figures.intervals.r10));
  add("_r_mean_95", Bounds(figures.intervals.recall_mean));
  add("_mrr10_95", Bounds(figures.intervals.mrr));
  if (!row.timed) return;
  add("_queries_per_second", figures.latency.queries_per_second);
  add("_ms_p50", figures.latency.p50_ms);
  add("_ms_p95", figures.latency.p95_ms);
}

// Counted from 1; null: not among the hits.
json::array RanksOf(const std::vector<std::vector<QueryOutcome>>& folds, HitOrder order) {
  json::array out;
  for (const std::vector<QueryOutcome>& fold : folds) {
    for (const QueryOutcome& outcome : fold) {
      const size_t rank = eval::RankIn(outcome, order);
      out.push_back(rank == eval::kNotRanked ? json::value(nullptr) : json::value(rank + 1));
    }
  }
  return out;
}

// Which queries the ranks of every stage are of.
json::object QueriesOf(const std::vector<std::vector<QueryOutcome>>& folds) {
  json::array asked;
  json::array images;
  for (const std::vector<QueryOutcome>& fold : folds) {
    for (const QueryOutcome& outcome : fold) {
      asked.emplace_back(outcome.asked);
      images.emplace_back(outcome.image);
    }
  }
  return {{"asked", std::move(asked)}, {"image", std::move(images)}};
}

json::object StageOf(const EvalOutput& output, const EvalRow& row, bool with_ranks) {
  json::object stage;
  AddFigures("img", row, row.img, stage);
  AddFigures("txt", row, row.txt, stage);
  if (!row.stage) return stage;
  const eval::StageResult& result = output.stages[*row.stage];
  const RowPlace place = PlaceOf(output, row);
  stage["index"] = place.index;
  stage["depth"] = place.depth.value_or(0);
  stage["order"] = place.order;
  stage["index_bytes_per_unit"] = result.index_bytes_per_unit;
  stage["token_bytes_per_unit"] = result.token_bytes_per_unit;
  if (with_ranks) {
    stage["img_ranks"] = RanksOf(result.img, row.order);
    stage["txt_ranks"] = RanksOf(result.txt, row.order);
  }
  return stage;
}

}  // namespace

std::string EvalJson(const EvalOutput& output, bool with_ranks) {
  const std::string image = output.image();
  json::object out = {{"set", ValidUtf8(output.set)},
                      {"set_hash", output.set_hash},
                      {"model", ValidUtf8(output.model)},
                      {"model_fingerprint", output.fingerprint},
                      {"precision", output.precision},
                      {"patches", output.patches},
                      {"threads", output.threads},
                      {"version", output.version},
                      {"folds", output.folds},
                      {image + "s", output.images},
                      {"captions", output.captions},
                      {image + "s_asked", output.images_asked},
                      {"captions_asked", output.captions_asked},
                      {"missing", JsonTexts(output.missing)},
                      {"left_out", JsonTexts(output.left_out)},
                      {"duplicates", JsonTexts(output.duplicates)},
                      {"without_captions", JsonTexts(output.without_captions)}};
  json::object stages;
  for (const EvalRow& row : output.rows) stages[row.name] = StageOf(output, row, with_ranks);
  out["stages"] = std::move(stages);
  if (with_ranks && !output.stages.empty()) {
    out["img_queries"] = QueriesOf(output.stages.front().img);
    out["txt_queries"] = QueriesOf(output.stages.front().txt);
  }
  return json::serialize(out) + "\n";
}

}  // namespace sightline::app
