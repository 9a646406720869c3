// SPDX-License-Identifier: BSD-3-Clause
#include "eval/rerank_tuning.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

namespace sightline::eval {
namespace {

constexpr size_t kQueriesPerCall = 8;
constexpr size_t kMargins = 64;
// What a margin has to save of the reading to be worth having.
constexpr double kLeastSaving = 0.05;

using query::RuleCandidate;

/// The first k items of an answer that read the first `read` of its candidates: those by rank score, then the others.
std::vector<ItemId> FirstItems(std::span<const RuleCandidate> candidates, size_t read, size_t k) {
  std::vector<size_t> order(candidates.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto key = [&](size_t i) {
    const bool is_read = i < read && candidates[i].rank_score;
    return std::tuple(is_read ? 0 : 1, is_read ? -*candidates[i].rank_score : 0.0, i);
  };
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) < key(b); });
  std::vector<ItemId> items;
  for (const size_t i : order) {
    if (items.size() == k) break;
    if (std::find(items.begin(), items.end(), candidates[i].item) == items.end()) items.push_back(candidates[i].item);
  }
  return items;
}

double ShareIn(const std::vector<ItemId>& items, const std::vector<ItemId>& others) {
  if (items.empty()) return 1;
  const auto common = std::count_if(items.begin(), items.end(), [&others](ItemId item) {
    return std::find(others.begin(), others.end(), item) != others.end();
  });
  return static_cast<double>(common) / static_cast<double>(items.size());
}

std::vector<size_t> DepthsUpTo(size_t most, size_t top_k) {
  std::vector<size_t> depths;
  for (size_t rung = kLeastDepth; rung < most; rung *= 2) {
    depths.push_back(rung);
    if (rung >= 32 && rung * 3 / 2 < most) depths.push_back(rung * 3 / 2);
  }
  depths.push_back(most);
  std::erase_if(depths, [&](size_t depth) { return depth < std::min(top_k, most); });
  return depths;
}

size_t ChooseDepth(const std::vector<DepthMeasure>& depths, double target) {
  double best = 0;
  for (const DepthMeasure& depth : depths) best = std::max(best, depth.recall_at_1.value_or(0));
  const auto chosen = std::find_if(depths.begin(), depths.end(), [&](const DepthMeasure& depth) {
    return depth.recall_at_1 ? *depth.recall_at_1 >= best - kWorthPoints : depth.same_hits >= target;
  });
  return chosen == depths.end() ? depths.back().depth : chosen->depth;
}

/// Margins from the greatest match logit to the smallest, in even steps of a tenth or more.
std::vector<double> MarginsFor(std::span<const DeepAnswer> answers, double coarse_weight) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const DeepAnswer& answer : answers) {
    for (const RuleCandidate& candidate : answer.candidates) {
      if (!candidate.rank_score) continue;
      const double logit = *candidate.rank_score - coarse_weight * candidate.coarse_score;
      low = std::min(low, logit);
      high = std::max(high, logit);
    }
  }
  std::vector<double> margins;
  if (!(low <= high)) return margins;
  const double step = std::max(0.1, std::ceil((high - low) / kMargins * 10) / 10);
  for (double margin = std::ceil(high / step) * step; margin >= low - step; margin -= step) {
    margins.push_back(std::round(margin * 10) / 10);
  }
  return margins;
}

double LossOf(const DepthMeasure& stopped, const DepthMeasure& full) {
  return full.recall_at_1 ? *full.recall_at_1 - *stopped.recall_at_1 : 1 - stopped.same_first;
}

query::SearchRequest WordsOf(const TuningQuery& query, const query::SearchRequest& like) {
  query::SearchRequest request = like;
  request.query.text = query.text;
  return request;
}

DeepAnswer DeepAnswerOf(const query::SearchAnswer& answer, const TuningQuery& query) {
  std::vector<const query::Hit*> hits;
  for (const query::Hit& hit : answer.hits) hits.push_back(&hit);
  std::sort(hits.begin(), hits.end(), [](const query::Hit* a, const query::Hit* b) {
    return std::pair(-a->coarse_score, a->unit) < std::pair(-b->coarse_score, b->unit);
  });
  DeepAnswer deep{.candidates = {}, .wanted = query.wanted};
  for (const query::Hit* hit : hits) deep.candidates.push_back({hit->item, hit->coarse_score, hit->rank_score});
  return deep;
}

}  // namespace

DepthMeasure MeasureDepth(std::span<const DeepAnswer> answers, const query::StopRule& rule, size_t depth,
                          size_t reference) {
  DepthMeasure measure{.depth = depth, .margin = {}, .recall_at_1 = {}};
  if (std::isfinite(rule.margin)) measure.margin = rule.margin;
  size_t known = 0;
  size_t right = 0;
  for (const DeepAnswer& answer : answers) {
    const auto candidates = std::span(answer.candidates).first(std::min(depth, answer.candidates.size()));
    const size_t read = query::StopAt(candidates, rule);
    const std::vector<ItemId> items = FirstItems(answer.candidates, read, rule.top_k);
    const std::vector<ItemId> others = FirstItems(answer.candidates, reference, rule.top_k);
    measure.mean_read += static_cast<double>(read);
    measure.same_first += items.empty() || items.front() == others.front() ? 1 : 0;
    measure.same_hits += ShareIn(items, others);
    if (!answer.wanted) continue;
    ++known;
    right += !items.empty() && items.front() == *answer.wanted ? 1 : 0;
  }
  const auto count = static_cast<double>(std::max<size_t>(1, answers.size()));
  for (double* mean : {&measure.mean_read, &measure.same_first, &measure.same_hits}) *mean /= count;
  if (known > 0) measure.recall_at_1 = static_cast<double>(right) / static_cast<double>(known);
  return measure;
}

std::optional<double> ChooseMargin(std::span<const DeepAnswer> answers, query::StopRule rule, size_t depth) {
  const std::vector<double> margins = MarginsFor(answers, rule.coarse_weight);
  rule.margin = std::numeric_limits<double>::infinity();
  const DepthMeasure full = MeasureDepth(answers, rule, depth, depth);
  std::optional<double> chosen;
  for (const double margin : margins) {
    rule.margin = margin;
    const DepthMeasure stopped = MeasureDepth(answers, rule, depth, depth);
    if (LossOf(stopped, full) > kWorthPoints) break;
    if (stopped.mean_read <= (1 - kLeastSaving) * full.mean_read) chosen = margin;
  }
  return chosen;
}

RerankChoice ChooseRerank(std::span<const DeepAnswer> answers, const query::StopRule& rule, size_t most,
                          double target) {
  query::StopRule read_all = rule;
  read_all.margin = std::numeric_limits<double>::infinity();
  RerankChoice choice{.depths = {}, .margin = {}};
  for (const size_t depth : DepthsUpTo(most, rule.top_k)) {
    choice.depths.push_back(MeasureDepth(answers, read_all, depth, most));
  }
  choice.depth = ChooseDepth(choice.depths, target);
  choice.margin = ChooseMargin(answers, rule, choice.depth);
  return choice;
}

Result<std::vector<DeepAnswer>> ReadDeep(const query::Searcher& searcher, const TuningQueries& queries,
                                         const DeepSearch& deep) {
  query::SearchRequest like;
  like.top_k = like.rerank_depth = deep.depth;
  like.stop_margin = std::numeric_limits<double>::infinity();
  like.index = deep.index;
  like.join_clips = false;
  like.limits = deep.limits;
  std::vector<DeepAnswer> answers;
  for (auto rest = std::span(queries.queries); !rest.empty();) {
    const auto some = rest.first(std::min(kQueriesPerCall, rest.size()));
    rest = rest.subspan(some.size());
    std::vector<query::SearchRequest> requests;
    for (const TuningQuery& query : some) requests.push_back(WordsOf(query, like));
    const auto results = searcher.Search(requests);
    for (size_t i = 0; i < some.size(); ++i) {
      if (!results[i]) return tl::unexpected<Error>(results[i].error());
      answers.push_back(DeepAnswerOf(*results[i], some[i]));
    }
    if (deep.on_progress) deep.on_progress(answers.size());
  }
  return answers;
}

Result<LiveMeasure> MeasureLive(const query::Searcher& searcher, const TuningQueries& queries,
                                std::span<const size_t> numbers, const query::SearchRequest& like) {
  LiveMeasure measure;
  std::vector<double> ms;
  for (const size_t number : numbers) {
    const query::SearchRequest request = WordsOf(queries.queries[number], like);
    const auto answers = searcher.Search(std::span(&request, 1));
    if (!answers[0]) return tl::unexpected<Error>(answers[0].error());
    ms.push_back(answers[0]->timings.total_ms);
    measure.mean_read += static_cast<double>(answers[0]->reranked);
    std::vector<ItemId>& items = measure.hits.emplace_back();
    for (const query::Hit& hit : answers[0]->hits) items.push_back(hit.item);
  }
  if (!numbers.empty()) measure.mean_read /= static_cast<double>(numbers.size());
  measure.times = SearchTimesOf(std::move(ms));
  return measure;
}

}  // namespace sightline::eval
