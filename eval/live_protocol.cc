// SPDX-License-Identifier: BSD-3-Clause
#include "eval/live_protocol.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace sightline::eval {
namespace {

constexpr size_t kMaxRerankDepth = 1024;
constexpr size_t kMaxHits = 1000;

/// One query, and which items are right answers.
struct Question {
  query::SearchQuery query;
  std::vector<ItemId> wanted;
};

struct Ranks {
  std::vector<size_t> coarse;
  std::vector<size_t> rank_score;
  std::vector<size_t> match_logit;
};

std::vector<Question> TextQuestions(const RetrievalSet& set, const Gallery& gallery) {
  std::vector<Question> questions;
  for (const EvalCaption& caption : set.captions) {
    const std::optional<ItemId>& image = gallery.images[caption.image];
    if (!image) continue;
    Question& question = questions.emplace_back();
    question.query.text = caption.text;
    question.wanted = {*image};
  }
  return questions;
}

std::vector<Question> ImageQuestions(const RetrievalSet& set, const Gallery& gallery) {
  std::vector<Question> questions(set.images.size());
  for (size_t i = 0; i < questions.size(); ++i) questions[i].query.item = gallery.images[i];
  for (size_t i = 0; i < set.captions.size(); ++i) {
    if (gallery.captions[i]) questions[set.captions[i].image].wanted.push_back(*gallery.captions[i]);
  }
  std::erase_if(questions, [](const Question& question) { return !question.query.item || question.wanted.empty(); });
  return questions;
}

size_t BestRankOf(const std::vector<ItemId>& wanted, std::span<const query::Hit> hits) {
  const auto found = std::find_if(hits.begin(), hits.end(), [&wanted](const query::Hit& hit) {
    return std::find(wanted.begin(), wanted.end(), hit.item) != wanted.end();
  });
  return found == hits.end() ? kNotRanked : static_cast<size_t>(found - hits.begin());
}

void AddRanks(const std::vector<ItemId>& wanted, std::vector<query::Hit> hits, Ranks& ranks) {
  ranks.rank_score.push_back(BestRankOf(wanted, hits));
  // Hits without a logit follow those that have one, in order of coarse score, as in the answer itself.
  std::stable_sort(hits.begin(), hits.end(),
                   [](const query::Hit& a, const query::Hit& b) { return a.match_logit > b.match_logit; });
  ranks.match_logit.push_back(BestRankOf(wanted, hits));
  std::stable_sort(hits.begin(), hits.end(),
                   [](const query::Hit& a, const query::Hit& b) { return a.coarse_score > b.coarse_score; });
  ranks.coarse.push_back(BestRankOf(wanted, hits));
}

query::SearchRequest RequestOf(const Question& question, size_t gallery_size, const LiveOptions& options) {
  query::SearchRequest request;
  request.query = question.query;
  request.rerank_depth = options.rerank_depth;
  request.top_k = std::clamp(gallery_size, size_t{1}, kMaxHits);
  request.filter.types = {UnitType::kText};
  if (options.direction == Direction::kTextToImage) request.filter.types = {UnitType::kImage, UnitType::kClip};
  request.join_clips = false;
  request.limits.stop = options.stop;
  return request;
}

Status SearchBatch(const query::Searcher& searcher, std::span<const Question> questions, size_t gallery_size,
                   const LiveOptions& options, Ranks& ranks) {
  std::vector<query::SearchRequest> requests;
  for (const Question& question : questions) requests.push_back(RequestOf(question, gallery_size, options));
  std::vector<Result<query::SearchAnswer>> answers = searcher.Search(requests);
  for (size_t i = 0; i < questions.size(); ++i) {
    if (!answers[i] && answers[i].error().code == ErrorCode::kInvalidArgument) continue;
    if (!answers[i]) return tl::unexpected<Error>(std::move(answers[i]).error());
    AddRanks(questions[i].wanted, std::move(answers[i]->hits), ranks);
  }
  return {};
}

}  // namespace

Result<LiveReport> RunLiveProtocol(const query::Searcher& searcher, const RetrievalSet& set, const Gallery& gallery,
                                   const LiveOptions& options) {
  if (options.rerank_depth > kMaxRerankDepth) {
    return Fail(ErrorCode::kInvalidArgument, "rerank depth " + std::to_string(options.rerank_depth) + " is above 1024");
  }
  const bool asks_texts = options.direction == Direction::kTextToImage;
  const std::vector<Question> questions = asks_texts ? TextQuestions(set, gallery) : ImageQuestions(set, gallery);
  const size_t gallery_size = asks_texts ? set.images.size() : set.captions.size();
  const auto start = std::chrono::steady_clock::now();
  Ranks ranks;
  for (size_t begin = 0; begin < questions.size(); begin += options.batch) {
    const size_t size = std::min(options.batch, questions.size() - begin);
    SL_RETURN_IF_ERROR(SearchBatch(searcher, std::span(questions).subspan(begin, size), gallery_size, options, ranks));
    if (options.on_progress) options.on_progress(begin + size, questions.size());
  }
  return LiveReport{
      .coarse = MetricsOf(ranks.coarse),
      .rank_score = MetricsOf(ranks.rank_score),
      .match_logit = MetricsOf(ranks.match_logit),
      .queries = ranks.coarse.size(),
      .skipped = (asks_texts ? set.captions.size() : set.images.size()) - ranks.coarse.size(),
      .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
  };
}

}  // namespace sightline::eval
