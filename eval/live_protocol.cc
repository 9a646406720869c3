// SPDX-License-Identifier: BSD-3-Clause
#include "eval/live_protocol.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "eval/set_questions.h"

namespace sightline::eval {
namespace {

constexpr size_t kMaxRerankDepth = 1024;
constexpr size_t kMaxHits = 1000;

size_t BestRankOf(const std::vector<ItemId>& wanted, std::span<const query::Hit> hits) {
  const auto found = std::find_if(hits.begin(), hits.end(), [&wanted](const query::Hit& hit) {
    return std::find(wanted.begin(), wanted.end(), hit.item) != wanted.end();
  });
  return found == hits.end() ? kNotRanked : static_cast<size_t>(found - hits.begin());
}

QueryOutcome OutcomeOf(const SetQuestion& question, query::SearchAnswer answer) {
  std::vector<query::Hit>& hits = answer.hits;
  QueryOutcome outcome = {.asked = question.asked,
                          .image = question.image,
                          .rank = BestRankOf(question.wanted, hits),
                          .ms = answer.timings.total_ms,
                          .reranked = answer.reranked};
  if (!hits.empty()) outcome.first_probability = hits.front().match_probability;
  outcome.first_right = outcome.rank == 0;
  // Hits without a logit follow those that have one, in order of coarse score, as in the answer itself.
  std::stable_sort(hits.begin(), hits.end(),
                   [](const query::Hit& a, const query::Hit& b) { return a.match_logit > b.match_logit; });
  outcome.logit_rank = BestRankOf(question.wanted, hits);
  std::sort(hits.begin(), hits.end(), [](const query::Hit& a, const query::Hit& b) {
    return std::pair(-a.coarse_score, a.unit) < std::pair(-b.coarse_score, b.unit);
  });
  outcome.coarse_rank = BestRankOf(question.wanted, hits);
  return outcome;
}

query::SearchRequest RequestOf(const SetQuestion& question, size_t gallery_size, const LiveOptions& options) {
  query::SearchRequest request = RequestFor(question, options.direction, options.stop);
  request.rerank_depth = options.rerank_depth;
  request.top_k = std::clamp(options.top_k == 0 ? gallery_size : options.top_k, size_t{1}, kMaxHits);
  return request;
}

Status SearchBatch(const query::Searcher& searcher, std::span<const SetQuestion> questions, size_t gallery_size,
                   const LiveOptions& options, std::vector<QueryOutcome>& outcomes) {
  std::vector<query::SearchRequest> requests;
  for (const SetQuestion& question : questions) requests.push_back(RequestOf(question, gallery_size, options));
  std::vector<Result<query::SearchAnswer>> answers = searcher.Search(requests);
  const size_t before = outcomes.size();
  for (size_t i = 0; i < questions.size(); ++i) {
    if (!answers[i] && answers[i].error().code == ErrorCode::kInvalidArgument) continue;
    if (!answers[i]) return tl::unexpected<Error>(std::move(answers[i]).error());
    if (answers[i]->degraded) return Fail(ErrorCode::kUnavailable, answers[i]->degraded_reason);
    outcomes.push_back(OutcomeOf(questions[i], *std::move(answers[i])));
  }
  if (!options.on_outcomes) return {};
  return options.on_outcomes(std::span<const QueryOutcome>(outcomes).subspan(before));
}

RankMetrics MetricsBy(std::span<const QueryOutcome> outcomes, size_t QueryOutcome::*rank) {
  std::vector<size_t> ranks;
  for (const QueryOutcome& outcome : outcomes) ranks.push_back(outcome.*rank);
  return MetricsOf(ranks);
}

}  // namespace

LiveReport ReportOf(std::vector<QueryOutcome> outcomes, size_t skipped, double seconds) {
  LiveReport report = {.coarse = MetricsBy(outcomes, &QueryOutcome::coarse_rank),
                       .rank_score = MetricsBy(outcomes, &QueryOutcome::rank),
                       .match_logit = MetricsBy(outcomes, &QueryOutcome::logit_rank),
                       .queries = outcomes.size(),
                       .skipped = skipped,
                       .seconds = seconds};
  report.outcomes = std::move(outcomes);
  return report;
}

Result<LiveReport> RunLiveProtocol(const query::Searcher& searcher, const RetrievalSet& set, const Gallery& gallery,
                                   const LiveOptions& options) {
  if (options.rerank_depth > kMaxRerankDepth) {
    return Fail(ErrorCode::kInvalidArgument, "rerank depth " + std::to_string(options.rerank_depth) + " is above 1024");
  }
  const bool asks_texts = options.direction == Direction::kTextToImage;
  const size_t set_size = asks_texts ? set.captions.size() : set.images.size();
  const size_t gallery_size = asks_texts ? set.images.size() : set.captions.size();
  std::vector<SetQuestion> questions = QuestionsOf(set, gallery, options.direction);
  std::erase_if(questions, [&options](const SetQuestion& question) { return question.asked < options.from; });
  const auto start = std::chrono::steady_clock::now();
  std::vector<QueryOutcome> outcomes;
  for (size_t begin = 0; begin < questions.size(); begin += options.batch) {
    const size_t size = std::min(options.batch, questions.size() - begin);
    SL_RETURN_IF_ERROR(
        SearchBatch(searcher, std::span(questions).subspan(begin, size), gallery_size, options, outcomes));
    if (options.on_progress) options.on_progress(begin + size, questions.size());
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const size_t skipped = set_size - std::min(options.from, set_size) - outcomes.size();
  return ReportOf(std::move(outcomes), skipped, seconds);
}

}  // namespace sightline::eval
