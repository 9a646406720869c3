// SPDX-License-Identifier: BSD-3-Clause
#include "eval/rerank_tuning.h"

#include <limits>
#include <random>

#include "tests/query/query_fixture.h"

namespace sightline::eval {
namespace {

using query::MakePicture;
using query::StopRule;
using testing::IsOk;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// `count` candidates whose coarse scores fall from 1 to 0 and whose match logit is -5; the best one, at `best`, has 5.
DeepAnswer OneGoodAt(size_t best, size_t count) {
  DeepAnswer answer;
  for (size_t i = 0; i < count; ++i) {
    const double coarse = 1 - static_cast<double>(i) / static_cast<double>(count);
    answer.candidates.push_back({ItemId{i + 1}, coarse, (i == best ? 5.0 : -5.0) + coarse});
  }
  answer.wanted = ItemId{best + 1};
  return answer;
}

TEST(RerankTuningTest, TheDepthIsTheSmallestThatFindsWhatTheDeepestFinds) {
  std::vector<DeepAnswer> answers;
  for (const size_t best : {0, 3, 20, 40}) answers.push_back(OneGoodAt(best, 200));
  const StopRule rule = {.top_k = 1, .coarse_weight = 1};
  EXPECT_EQ(ChooseRerank(answers, rule, 192, 0.95).depth, 48U);
  for (DeepAnswer& answer : answers) answer.wanted.reset();
  EXPECT_EQ(ChooseRerank(answers, rule, 192, 0.95).depth, 48U) << "the same hits as the deepest";
  EXPECT_EQ(ChooseRerank(answers, rule, 192, 0.75).depth, 32U) << "three of four are enough";
  EXPECT_EQ(ChooseRerank(answers, rule, 192, 0.5).depth, kLeastDepth);
}

TEST(RerankTuningTest, ADeeperRerankThatDoesHarmIsNotTaken) {
  std::vector<DeepAnswer> answers(10, OneGoodAt(5, 200));
  for (DeepAnswer& answer : answers) answer.wanted = ItemId{1};  // What it finds is wrong, at every depth.
  for (size_t i = 0; i < 5; ++i) {
    answers[i].candidates[0].rank_score = 9;
    answers[i].candidates[100].rank_score = 20;
  }
  const RerankChoice choice = ChooseRerank(answers, {.top_k = 1, .coarse_weight = 1}, 192, 0.95);
  EXPECT_EQ(choice.depth, kLeastDepth);
  EXPECT_DOUBLE_EQ(*choice.depths.front().recall_at_1, 0.5);
  EXPECT_DOUBLE_EQ(*choice.depths.back().recall_at_1, 0);
}

TEST(RerankTuningTest, TheMarginSavesReadingAndCostsNothing) {
  std::vector<DeepAnswer> answers;
  for (const size_t best : {0, 3, 20, 40}) answers.push_back(OneGoodAt(best, 200));
  const StopRule rule = {.top_k = 1, .coarse_weight = 1};
  const RerankChoice choice = ChooseRerank(answers, rule, 192, 0.95);
  ASSERT_TRUE(choice.margin);
  StopRule stops = rule;
  stops.margin = *choice.margin;
  const DepthMeasure stopped = MeasureDepth(answers, stops, choice.depth, choice.depth);
  EXPECT_DOUBLE_EQ(*stopped.recall_at_1, 1);
  EXPECT_DOUBLE_EQ(stopped.mean_read, (16 + 16 + 32 + 48) / 4.0);
  EXPECT_EQ(stopped.margin, choice.margin);
}

TEST(RerankTuningTest, WhereNothingStandsOutThereIsNoMargin) {
  std::vector<DeepAnswer> answers(4, OneGoodAt(190, 200));
  const RerankChoice choice = ChooseRerank(answers, {.top_k = 1, .coarse_weight = 1}, 192, 0.95);
  EXPECT_EQ(choice.depth, 192U);
  EXPECT_EQ(choice.margin, std::nullopt);
}

TEST(RerankTuningTest, AnswersWithoutCandidatesAreNoTrouble) {
  const std::vector<DeepAnswer> answers(2);
  const RerankChoice choice = ChooseRerank(answers, {.top_k = 10, .coarse_weight = 1}, 64, 0.95);
  EXPECT_EQ(choice.margin, std::nullopt);
  EXPECT_EQ(choice.depth, kLeastDepth);
}

// What is computed from deep answers is what searches do.
class DeepSearchTest : public query::QueryFixture {};

TEST_F(DeepSearchTest, DepthsAndMarginsAnswerAsSearchesDo) {
  encoder_.mutable_info().calibration.coarse_weight = 20;
  std::mt19937 random(3);
  for (int i = 0; i < 120; ++i) {
    const query::Colour colour = {static_cast<uint8_t>(random() % 256), static_cast<uint8_t>(random() % 256),
                                  static_cast<uint8_t>(random() % 256)};
    Add(MakePicture(colour, random() % 4 == 0 ? std::optional(query::kRed) : std::nullopt), std::to_string(i));
  }
  TuningQueries queries;
  for (const char* words : {"red", "green", "blue", "white"})
    queries.queries.push_back({.vector = {}, .text = words, .wanted = {}});
  const query::Searcher searcher(*collection_, &encoder_);
  const auto deep = ReadDeep(searcher, queries, {.depth = 100});
  ASSERT_THAT(deep, IsOk());
  size_t stopped = 0;
  for (const double margin : {-3.0, 0.0, 2.0, kInfinity}) {
    query::SearchRequest like;
    like.top_k = 5;
    like.rerank_depth = 64;
    like.stop_margin = margin;
    const auto live = MeasureLive(searcher, queries, std::vector<size_t>{0, 1, 2, 3}, like);
    ASSERT_THAT(live, IsOk());
    const DepthMeasure computed = MeasureDepth(*deep, {.top_k = 5, .coarse_weight = 20, .margin = margin}, 64, 64);
    EXPECT_DOUBLE_EQ(computed.mean_read, live->mean_read) << margin;
    stopped += computed.mean_read < 64 ? 1 : 0;
  }
  EXPECT_GT(stopped, 0U) << "otherwise this says nothing";
}

}  // namespace
}  // namespace sightline::eval
