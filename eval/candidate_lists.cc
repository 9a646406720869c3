// SPDX-License-Identifier: BSD-3-Clause
#include "eval/candidate_lists.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "eval/set_questions.h"

namespace sightline::eval {
namespace {

constexpr size_t kMaxDepth = 1000;  // As many hits as a search can have.

// Per picture of the set, the first one with its content.
std::vector<size_t> FirstWithContent(const Gallery& gallery) {
  std::unordered_map<ItemId, size_t> first_with;
  std::vector<size_t> first;
  for (size_t i = 0; i < gallery.images.size(); ++i) {
    first.push_back(gallery.images[i] ? first_with.emplace(*gallery.images[i], i).first->second : i);
  }
  return first;
}

// A picture that is there twice counts as the first of both, and is asked once, for the captions of both.
std::vector<SetQuestion> DistinctQuestions(const RetrievalSet& set, const Gallery& gallery, Direction direction) {
  const std::vector<size_t> first = FirstWithContent(gallery);
  std::vector<SetQuestion> questions;
  std::unordered_map<size_t, size_t> place_of;  // Of a picture that asks.
  for (SetQuestion& question : QuestionsOf(set, gallery, direction)) {
    question.image = first[question.image];
    const auto [place, is_new] = place_of.emplace(question.image, questions.size());
    if (is_new || direction == Direction::kTextToImage) {
      questions.push_back(std::move(question));
      continue;
    }
    std::vector<ItemId>& wanted = questions[place->second].wanted;
    wanted.insert(wanted.end(), question.wanted.begin(), question.wanted.end());
  }
  return questions;
}

Result<FilterClause> PathsOf(const std::vector<ItemId>& items, const storage::RecordStore& records) {
  MatchCondition condition{.key = "path", .any_of = {}};
  SL_ASSIGN_OR_RETURN(const auto found, records.GetItems(items));
  for (const auto& item : found) {
    if (item && !item->paths.empty()) condition.any_of.emplace_back(item->paths[0].path);
  }
  return FilterClause(std::move(condition));
}

Result<query::SearchRequest> RequestOf(const SetQuestion& question, const storage::RecordStore& records,
                                       const CandidateOptions& options) {
  query::SearchRequest request = RequestFor(question, options.direction, options.stop);
  request.rerank_depth = options.depth;
  request.top_k = options.depth;
  if (options.without_own) {
    SL_ASSIGN_OR_RETURN(FilterClause own, PathsOf(question.wanted, records));
    request.filter.must_not.push_back(std::move(own));
  }
  return request;
}

CandidateList ListOf(const SetQuestion& question, std::vector<query::Hit> hits) {
  std::erase_if(hits, [](const query::Hit& hit) { return !hit.match_logit; });
  std::sort(hits.begin(), hits.end(), [](const query::Hit& a, const query::Hit& b) {
    return std::tuple(-a.coarse_score, a.unit) < std::tuple(-b.coarse_score, b.unit);
  });
  CandidateList list{.picture = question.image, .pairs = {}, .findable = question.wanted.size()};
  for (const query::Hit& hit : hits) {
    const bool right = std::find(question.wanted.begin(), question.wanted.end(), hit.item) != question.wanted.end();
    list.pairs.push_back({.coarse_score = hit.coarse_score, .match_logit = *hit.match_logit, .right = right});
  }
  return list;
}

Status AskBatch(const query::Searcher& searcher, const storage::RecordStore& records,
                std::span<const SetQuestion> questions, const CandidateOptions& options,
                std::vector<CandidateList>& lists) {
  std::vector<query::SearchRequest> requests;
  for (const SetQuestion& question : questions) {
    SL_ASSIGN_OR_RETURN(requests.emplace_back(), RequestOf(question, records, options));
  }
  std::vector<Result<query::SearchAnswer>> answers = searcher.Search(requests);
  for (size_t i = 0; i < questions.size(); ++i) {
    if (!answers[i] && answers[i].error().code == ErrorCode::kInvalidArgument) continue;
    if (!answers[i]) return tl::unexpected<Error>(std::move(answers[i]).error());
    if (answers[i]->degraded) return Fail(ErrorCode::kUnavailable, answers[i]->degraded_reason);
    lists.push_back(ListOf(questions[i], std::move(answers[i]->hits)));
  }
  return {};
}

}  // namespace

const ScoredPair* CandidateList::First(const encoder::Calibration& calibration) const {
  const auto first =
      std::max_element(pairs.begin(), pairs.end(), [&calibration](const ScoredPair& a, const ScoredPair& b) {
        return calibration.RankScore(a.match_logit, a.coarse_score) <
               calibration.RankScore(b.match_logit, b.coarse_score);
      });
  return first == pairs.end() ? nullptr : &*first;
}

Result<std::vector<CandidateList>> CollectCandidates(const query::Searcher& searcher,
                                                     const storage::Collection& collection, const RetrievalSet& set,
                                                     const Gallery& gallery, const CandidateOptions& options) {
  if (options.depth < 1 || options.depth > kMaxDepth) {
    return Fail(ErrorCode::kInvalidArgument, "depth " + std::to_string(options.depth) + " is not in 1..1000");
  }
  const std::vector<SetQuestion> questions = DistinctQuestions(set, gallery, options.direction);
  std::vector<CandidateList> lists;
  for (size_t begin = 0; begin < questions.size(); begin += options.batch) {
    const size_t size = std::min(options.batch, questions.size() - begin);
    SL_RETURN_IF_ERROR(
        AskBatch(searcher, collection.records(), std::span(questions).subspan(begin, size), options, lists));
    if (options.on_progress) options.on_progress(begin + size, questions.size());
  }
  return lists;
}

RetrievalSet Select(const RetrievalSet& set, Pictures pictures) {
  if (pictures == Pictures::kAll) return set;
  const size_t remainder = pictures == Pictures::kEven ? 0 : 1;
  RetrievalSet some{.images = {}, .captions = {}, .left_out = set.left_out, .has_videos = set.has_videos};
  for (size_t i = remainder; i < set.images.size(); i += 2) some.images.push_back(set.images[i]);
  for (const EvalCaption& caption : set.captions) {
    if (caption.image % 2 == remainder) some.captions.push_back({.text = caption.text, .image = caption.image / 2});
  }
  return some;
}

}  // namespace sightline::eval
