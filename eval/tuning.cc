// SPDX-License-Identifier: BSD-3-Clause
#include "eval/tuning.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "eval/exact_neighbors.h"

namespace sightline::eval {
namespace {

namespace json = boost::json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kMostHits = 1000;

Status CheckOptions(const TuningQueries& queries, const TuningOptions& options) {
  if (!(options.target > 0 && options.target <= 1)) {
    return Fail(ErrorCode::kInvalidArgument, "the target is a share of recall: above 0, at most 1");
  }
  if (options.k < 1 || options.k > kMostHits) return Fail(ErrorCode::kInvalidArgument, "k is not in 1..1000");
  if (options.max_depth < kLeastDepth || options.max_depth > kMostHits) {
    return Fail(ErrorCode::kInvalidArgument, "the greatest depth is not in 16..1000");
  }
  if (queries.queries.size() < 2) {
    return Fail(ErrorCode::kInvalidArgument,
                "two queries are needed at least, one to choose with and one to tell how good the choice is; there " +
                    std::string(queries.queries.empty() ? "is none" : "is one"));
  }
  return {};
}

Result<ExactScores> FindTruth(const storage::Collection& collection, const TuningQueries& queries,
                              const TuningOptions& options, size_t units) {
  std::vector<const Embedding*> vectors;
  for (const TuningQuery& query : queries.queries) vectors.push_back(&query.vector);
  ExactSearch search{.k = options.k, .types = queries.types, .threads = options.threads, .limits = options.limits};
  search.on_progress = [&](size_t done) {
    if (options.on_progress) options.on_progress("exact search", done, units);
  };
  return FindExactScores(collection, vectors, search);
}

Result<IndexTuning> TuneIndexOf(const storage::IndexStatus& status, const IndexMeter& meter, const QueryHalves& halves,
                                const TuningOptions& options) {
  size_t measured = 0;
  return TuneIndex(ShapeOf(status), options.target, halves,
                   [&](const storage::SearchParameters& parameters, std::span<const size_t> numbers) {
                     if (options.on_progress) options.on_progress("settings of the index", measured++, 0);
                     return meter.Measure(parameters, numbers);
                   });
}

std::optional<double> RecallAt1(const LiveMeasure& measure, const TuningQueries& queries,
                                std::span<const size_t> numbers) {
  size_t known = 0;
  size_t right = 0;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const std::optional<ItemId>& wanted = queries.queries[numbers[i]].wanted;
    if (!wanted) continue;
    ++known;
    right += !measure.hits[i].empty() && measure.hits[i].front() == *wanted ? 1 : 0;
  }
  if (known == 0) return std::nullopt;
  return static_cast<double>(right) / static_cast<double>(known);
}

Result<LiveFigures> LiveFiguresOf(const query::Searcher& searcher, const TuningQueries& queries,
                                  std::span<const size_t> numbers, const query::SearchRequest& like) {
  SL_ASSIGN_OR_RETURN(const LiveMeasure measure, MeasureLive(searcher, queries, numbers, like));
  LiveFigures figures{.depth = like.rerank_depth,
                      .mean_read = measure.mean_read,
                      .times = measure.times,
                      .recall_at_1 = RecallAt1(measure, queries, numbers)};
  if (like.stop_margin && std::isfinite(*like.stop_margin)) figures.margin = like.stop_margin;
  return figures;
}

std::vector<DeepAnswer> These(const std::vector<DeepAnswer>& answers, std::span<const size_t> numbers) {
  std::vector<DeepAnswer> some;
  for (const size_t number : numbers) some.push_back(answers[number]);
  return some;
}

/// The rerank of one collection.
class RerankTuner {
 public:
  RerankTuner(const storage::Collection& collection, const query::Searcher& searcher, const TuningQueries& queries,
              const QueryHalves& halves, const TuningOptions& options)
      : collection_(collection), searcher_(searcher), queries_(queries), halves_(halves), options_(options) {}

  Result<RerankTuning> Run(const storage::SearchParameters& index) {
    DeepSearch deep{.depth = options_.max_depth, .index = index, .limits = options_.limits};
    deep.on_progress = [this](size_t done) {
      if (options_.on_progress) options_.on_progress("queries read deeply", done, queries_.queries.size());
    };
    SL_ASSIGN_OR_RETURN(const encoder::Calibration calibration, searcher_.calibration());
    SL_ASSIGN_OR_RETURN(const auto answers, ReadDeep(searcher_, queries_, deep));
    RerankTuning tuning;
    tuning.known_answers = static_cast<size_t>(std::count_if(
        answers.begin(), answers.end(), [](const DeepAnswer& answer) { return answer.wanted.has_value(); }));
    query::StopRule rule{.top_k = options_.k, .coarse_weight = calibration.coarse_weight, .margin = kInfinity};
    tuning.choice = ChooseRerank(These(answers, halves_.tuning), rule, options_.max_depth, options_.target);
    const std::vector<DeepAnswer> held_out = These(answers, halves_.held_out);
    const size_t depth = tuning.choice.depth;
    tuning.without_margin = MeasureDepth(held_out, rule, depth, depth);
    rule.margin = tuning.choice.margin.value_or(kInfinity);
    tuning.with_margin = MeasureDepth(held_out, rule, depth, depth);
    const size_t most = options_.max_depth;
    rule.margin = kInfinity;
    tuning.deepest_without = MeasureDepth(held_out, rule, most, most);
    rule.margin = ChooseMargin(These(answers, halves_.tuning), rule, most).value_or(kInfinity);
    tuning.deepest_with = MeasureDepth(held_out, rule, most, most);
    SL_RETURN_IF_ERROR(MeasureBeforeAndAfter(index, tuning));
    return tuning;
  }

 private:
  Status MeasureBeforeAndAfter(const storage::SearchParameters& index, RerankTuning& tuning) const {
    query::SearchRequest like;
    like.top_k = options_.k;
    like.limits = options_.limits;
    like.rerank_depth = query::DefaultRerankDepth(collection_);
    like.stop_margin = collection_.settings().stop_margin.value_or(kInfinity);
    SL_ASSIGN_OR_RETURN(tuning.before, LiveFiguresOf(searcher_, queries_, halves_.held_out, like));
    like.rerank_depth = tuning.choice.depth;
    like.stop_margin = tuning.choice.margin.value_or(kInfinity);
    like.index = index;
    SL_ASSIGN_OR_RETURN(tuning.after, LiveFiguresOf(searcher_, queries_, halves_.held_out, like));
    return {};
  }

  const storage::Collection& collection_;
  const query::Searcher& searcher_;
  const TuningQueries& queries_;
  const QueryHalves& halves_;
  const TuningOptions& options_;
};

// To four digits: what lies behind them is noise.
double Rounded(double value) { return std::round(value * 1e4) / 1e4; }
json::value RoundedOrNull(const std::optional<double>& value) {
  return value ? json::value(Rounded(*value)) : json::value(nullptr);
}

}  // namespace

QueryHalves SplitQueries(const std::vector<TuningQuery>& queries) {
  QueryHalves halves;
  std::unordered_map<ItemId, bool> is_held_out;
  bool holds_out = true;
  for (size_t i = 0; i < queries.size(); ++i) {
    const auto known = queries[i].wanted ? is_held_out.find(*queries[i].wanted) : is_held_out.end();
    const bool is_new = known == is_held_out.end();
    if (is_new) holds_out = !holds_out;
    if (is_new && queries[i].wanted) is_held_out.emplace(*queries[i].wanted, holds_out);
    ((is_new ? holds_out : known->second) ? halves.held_out : halves.tuning).push_back(i);
  }
  if (halves.held_out.empty()) {  // All about one item.
    halves.held_out.push_back(halves.tuning.back());
    halves.tuning.pop_back();
  }
  return halves;
}

Result<TuningReport> Tune(const storage::Collection& collection, const query::Searcher* searcher,
                          const TuningQueries& queries, const TuningOptions& options) {
  SL_RETURN_IF_ERROR(CheckOptions(queries, options));
  SL_ASSIGN_OR_RETURN(const storage::CollectionStats stats, collection.Stats());
  const auto view = collection.View();
  const QueryHalves halves = SplitQueries(queries.queries);
  TuningReport report{.origin = queries.origin,
                      .queries = queries.queries.size(),
                      .held_out = halves.held_out.size(),
                      .are_words = queries.are_words,
                      .target = options.target,
                      .k = options.k,
                      .epoch = view->epoch(),
                      .units = view->unit_count(),
                      .vectors = view->vector_count()};
  SL_ASSIGN_OR_RETURN(const ExactScores truth, FindTruth(collection, queries, options, view->unit_count()));
  const IndexMeter meter(view, queries, truth, options.k, options.limits);
  SL_ASSIGN_OR_RETURN(report.index, TuneIndexOf(stats.index, meter, halves, options));
  const bool goes_on = report.index.reached || options.take_best;
  if (searcher != nullptr && queries.are_words && goes_on) {
    RerankTuner tuner(collection, *searcher, queries, halves, options);
    SL_ASSIGN_OR_RETURN(report.rerank, tuner.Run(report.index.chosen.parameters));
  }
  report.changed = collection.View()->epoch() != view->epoch();
  return report;
}

std::string TunedNote(const TuningReport& report) {
  json::object note = {{"queries", report.origin},
                       {"held_out", report.held_out},
                       {"epoch", report.epoch.value},
                       {"vectors", report.vectors},
                       {"k", report.k}};
  if (!report.index.is_exact) {
    note["target"] = report.target;
    note["recall"] = Rounded(report.index.chosen.recall);
    note["reached"] = report.index.reached;
  }
  if (report.rerank) {
    const DepthMeasure& margin = report.rerank->with_margin;
    note["rerank"] = json::object{{"recall_at_1", RoundedOrNull(report.rerank->after.recall_at_1)},
                                  {"same_first", Rounded(margin.same_first)},
                                  {"mean_read", Rounded(margin.mean_read)}};
  }
  return json::serialize(note);
}

Status StoreTuning(const TuningReport& report, storage::Collection& collection) {
  const std::lock_guard changing(collection.change_mutex());
  if (!report.index.is_exact) {
    const storage::SearchParameters& chosen = report.index.chosen.parameters;
    storage::IndexOptions options = collection.index_options();
    options.probes = chosen.probes.value_or(options.probes);
    options.ef_search = chosen.ef_search.value_or(options.ef_search);
    options.refine_factor = chosen.refine_factor.value_or(options.refine_factor);
    SL_RETURN_IF_ERROR(collection.SetIndexOptions(options));
  }
  storage::CollectionSettings settings = collection.settings();
  if (report.rerank) {
    settings.rerank_depth = static_cast<uint32_t>(report.rerank->choice.depth);
    settings.stop_margin = report.rerank->choice.margin;
  }
  settings.tuned = TunedNote(report);
  return collection.SetSettings(settings);
}

}  // namespace sightline::eval
