// SPDX-License-Identifier: BSD-3-Clause
#include "query/early_stop.h"

#include <algorithm>
#include <limits>
#include <random>

#include "tests/query/query_fixture.h"

namespace sightline::query {
namespace {

using testing::IsErrorWith;
using testing::IsOk;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Candidates of one item each.
std::vector<RuleCandidate> Candidates(const std::vector<std::pair<double, double>>& coarse_and_rank) {
  std::vector<RuleCandidate> out;
  for (const auto& [coarse, rank] : coarse_and_rank) out.push_back({ItemId{out.size() + 1}, coarse, rank});
  return out;
}

TEST(StopRuleTest, HitsAreSettledWhenTheLastOneIsAboveWhatTheNextCanReach) {
  const auto candidates = Candidates({{0.9, 7}, {0.8, 5}, {0.7, 6}, {0.5, 99}});
  const StopRule rule = {.top_k = 2, .coarse_weight = 4, .margin = 3};
  EXPECT_TRUE(IsSettled(candidates, 3, rule)) << "the second best is 6, the next can reach 4 * 0.5 + 3";
  EXPECT_FALSE(IsSettled(candidates, 2, rule)) << "the second best is 5, the next can reach 4 * 0.7 + 3";
  EXPECT_FALSE(IsSettled(candidates, 1, rule)) << "there are no two hits yet";
  EXPECT_FALSE(IsSettled(candidates, 3, {.top_k = 2, .coarse_weight = 4, .margin = 4})) << "6 is not above 6";
  EXPECT_FALSE(IsSettled(candidates, 3, {.top_k = 2, .coarse_weight = 4, .margin = kInfinity}));
}

TEST(StopRuleTest, WhatWasNotScoredAndFurtherClipsOfAnItemCountForNothing) {
  auto candidates = Candidates({{0.9, 7}, {0.8, 7}, {0.1, 0}});
  const StopRule rule = {.top_k = 2, .coarse_weight = 0, .margin = 1};
  EXPECT_TRUE(IsSettled(candidates, 2, rule));
  candidates[1].item = candidates[0].item;
  EXPECT_FALSE(IsSettled(candidates, 2, rule));
  candidates[1].item = ItemId{9};
  candidates[1].rank_score.reset();
  EXPECT_FALSE(IsSettled(candidates, 2, rule));
}

TEST(StopRuleTest, TheRuleIsLookedAtInSteps) {
  std::vector<std::pair<double, double>> scores(100, {0.5, 0});
  for (size_t i = 0; i < 3; ++i) scores[i].second = 9;
  EXPECT_EQ(StopAt(Candidates(scores), {.top_k = 3, .coarse_weight = 0, .margin = 1}), kReadAtATime);
  EXPECT_EQ(StopAt(Candidates(scores), {.top_k = 4, .coarse_weight = 0, .margin = 1}), 100U);
  scores[17].second = 9;
  EXPECT_EQ(StopAt(Candidates(scores), {.top_k = 4, .coarse_weight = 0, .margin = 1}), 2 * kReadAtATime);
  EXPECT_EQ(StopAt(Candidates(scores), {.top_k = 20, .coarse_weight = 0, .margin = -1}), 20U);
  EXPECT_EQ(StopAt(Candidates({{0.5, 9}}), {.top_k = 1, .coarse_weight = 0, .margin = 1}), 1U);
  EXPECT_EQ(StopAt({}, {}), 0U);
}

// Pictures in random colours with a red spot in some, so that the match logit and the coarse score disagree.
class EarlyStopTest : public QueryFixture {
 protected:
  EarlyStopTest() {
    encoder_.mutable_info().calibration.coarse_weight = 20;
    std::mt19937 random(7);
    for (int i = 0; i < 120; ++i) {
      const Colour colour = {static_cast<uint8_t>(random() % 256), static_cast<uint8_t>(random() % 256),
                             static_cast<uint8_t>(random() % 256)};
      Add(MakePicture(colour, random() % 4 == 0 ? std::optional(kRed) : std::nullopt), "/p/" + std::to_string(i));
    }
  }

  static SearchRequest Ask(const std::string& words, size_t top_k, std::optional<double> margin) {
    SearchRequest request = Words(words);
    request.top_k = top_k;
    request.stop_margin = margin;
    return request;
  }

  /// All candidates of a search, in order of coarse score, with their rank scores.
  std::vector<RuleCandidate> ReadAll(SearchRequest request) {
    request.top_k = 100;
    request.stop_margin = kInfinity;
    const auto answer = Search(request);
    EXPECT_THAT(answer, IsOk());
    std::vector<Hit> hits = answer->hits;
    std::sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
      return std::pair(-a.coarse_score, a.unit) < std::pair(-b.coarse_score, b.unit);
    });
    std::vector<RuleCandidate> candidates;
    for (const Hit& hit : hits) candidates.push_back({hit.item, hit.coarse_score, hit.rank_score});
    candidates.resize(std::min(candidates.size(), request.rerank_depth));
    return candidates;
  }

  /// What was read stands first, by rank score, what was not behind it by coarse score.
  static void ExpectOrdered(const SearchAnswer& answer) {
    for (size_t i = 1; i < answer.hits.size(); ++i) {
      const Hit& before = answer.hits[i - 1];
      const Hit& hit = answer.hits[i];
      if (hit.rank_score) {
        EXPECT_GE(*before.rank_score, *hit.rank_score);
      } else if (!before.rank_score) {
        EXPECT_GE(before.coarse_score, hit.coarse_score);
      }
    }
  }
};

TEST_F(EarlyStopTest, SearchesStopExactlyWhereTheRuleSays) {
  size_t stopped = 0;
  for (const double margin : {-4.0, -1.0, 0.0, 1.0, 3.0, 5.0, 9.0}) {
    for (const size_t top_k : {size_t{1}, size_t{5}, size_t{20}}) {
      const SearchRequest request = Ask("red", top_k, margin);
      const auto answer = Search(request);
      ASSERT_THAT(answer, IsOk());
      const auto candidates = ReadAll(request);
      const size_t expected = StopAt(candidates, {.top_k = top_k, .coarse_weight = 20, .margin = margin});
      EXPECT_EQ(answer->reranked, expected) << margin << " " << top_k;
      EXPECT_EQ(answer->stopped_at.value_or(64), expected);
      EXPECT_EQ(answer->stopped_at.has_value(), expected < 64U);
      EXPECT_FALSE(answer->degraded);
      ExpectOrdered(*answer);
      stopped += answer->stopped_at ? 1 : 0;
    }
  }
  EXPECT_GT(stopped, 3U) << "otherwise this says nothing";
  EXPECT_LT(stopped, 21U);
}

TEST_F(EarlyStopTest, WhatWasReadKeepsItsOrderAndScores) {
  SearchRequest request = Ask("red", 100, -4.0);
  request.top_k = 5;
  const auto stopped = Search(request);
  request.stop_margin = kInfinity;
  request.top_k = 100;
  const auto full = Search(request);
  ASSERT_THAT(stopped, IsOk());
  ASSERT_THAT(full, IsOk());
  ASSERT_LT(stopped->reranked, full->reranked);
  std::vector<UnitId> order;
  for (const Hit& hit : full->hits) order.push_back(hit.unit);
  auto at = order.begin();
  for (const Hit& hit : stopped->hits) {
    const auto found = std::find(at, order.end(), hit.unit);
    ASSERT_NE(found, order.end()) << "an order that reading everything contradicts";
    EXPECT_EQ(hit.rank_score, full->hits[static_cast<size_t>(found - order.begin())].rank_score);
    at = found + 1;
  }
}

TEST_F(EarlyStopTest, EveryQueryOfABatchStopsByItself) {
  std::vector<SearchRequest> requests;
  for (const char* words : {"red", "blue", "green", "white"}) {
    for (const double margin : {-3.0, 1.0, 9.0}) requests.push_back(Ask(words, 5, margin));
  }
  requests.push_back(Ask("red", 5, std::nullopt));
  requests.push_back(Ask("", 5, 0.0));  // Fails.
  const auto answers = Searcher(*collection_, &encoder_).Search(requests);
  const uint64_t read_in_batch = encoder_.pairs_matched;
  uint64_t reranked = 0;
  for (size_t i = 0; i + 1 < requests.size(); ++i) {
    ASSERT_THAT(answers[i], IsOk());
    const auto alone = Search(requests[i]);
    ASSERT_THAT(alone, IsOk());
    EXPECT_EQ(answers[i]->reranked, alone->reranked) << i;
    EXPECT_EQ(answers[i]->stopped_at, alone->stopped_at) << i;
    EXPECT_EQ(PathsOf(*answers[i]), PathsOf(*alone)) << i;
    reranked += answers[i]->reranked;
  }
  EXPECT_EQ(read_in_batch, reranked) << "nothing was read for a query that had stopped";
  EXPECT_FALSE(answers.back());
}

TEST_F(EarlyStopTest, TheCollectionsMarginHoldsUnlessTheRequestHasItsOwn) {
  EXPECT_EQ(Search(Ask("red", 5, std::nullopt))->reranked, 64U) << "off unless it is set";
  ASSERT_THAT(collection_->SetSettings({.stop_margin = -4.0}), IsOk());
  const auto settled = Search(Ask("red", 5, std::nullopt));
  EXPECT_LT(settled->reranked, 64U);
  EXPECT_EQ(Search(Ask("red", 5, kInfinity))->reranked, 64U);
  EXPECT_THAT(Search(Ask("red", 5, std::nan(""))), IsErrorWith(ErrorCode::kInvalidArgument, "stop_margin"));
}

TEST_F(EarlyStopTest, ANextPageReadsAsFarAsTheFirstDid) {
  const auto first = Search(Ask("red", 5, -4.0));
  ASSERT_THAT(first, IsOk());
  ASSERT_TRUE(first->stopped_at);
  SearchRequest next = Ask("red", 30, -4.0);
  next.stop_after = first->stopped_at;
  const auto both = Search(next);
  ASSERT_THAT(both, IsOk());
  EXPECT_EQ(both->reranked, first->reranked);
  EXPECT_FALSE(both->stopped_at);
  const auto paths = PathsOf(*both);
  EXPECT_EQ(std::vector<std::string>(paths.begin(), paths.begin() + 5), PathsOf(*first));
}

TEST_F(EarlyStopTest, WhatJoinsTwoThingsOrListsMomentsReadsAll) {
  SearchRequest joined = Ask("red", 5, -20.0);
  joined.query.picture = MakePicture(kBlue);
  EXPECT_EQ(Search(joined)->reranked, 64U);
  SearchRequest grouped = Ask("red", 5, -20.0);
  grouped.group_by = GroupBy::kVideo;
  EXPECT_EQ(Search(grouped)->reranked, 64U);
  EXPECT_EQ(Search(Ask("red", 5, -20.0))->reranked, kReadAtATime);
}

TEST_F(EarlyStopTest, PicturesAmongCaptionsStopAsWell) {
  for (int i = 0; i < 40; ++i)
    AddCaption("/c#" + std::to_string(i), (i < 20 ? "red word" : "green word") + std::to_string(i));
  SearchRequest request;
  request.query.picture = MakePicture(kRed);
  request.filter.types = {UnitType::kText};
  request.top_k = 2;
  request.stop_margin = -20;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, kReadAtATime);
  EXPECT_EQ(answer->stopped_at, kReadAtATime);
}

}  // namespace
}  // namespace sightline::query
