// SPDX-License-Identifier: BSD-3-Clause
#include "eval/figures.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using testing::IsOk;

TEST(FiguresTest, EachOrderHasItsOwnMetrics) {
  const std::vector<std::vector<QueryOutcome>> folds = {
      {{.asked = 0, .image = 0, .coarse_rank = 0, .rank = 4, .logit_rank = 9, .ms = 10},
       {.asked = 1, .image = 0, .coarse_rank = 1, .rank = 0, .logit_rank = kNotRanked, .ms = 30}}};
  const auto coarse = FiguresOf(folds, HitOrder::kCoarse);
  const auto score = FiguresOf(folds, HitOrder::kRankScore);
  const auto logit = FiguresOf(folds, HitOrder::kMatchLogit);
  ASSERT_THAT(coarse, IsOk());
  EXPECT_EQ(coarse->queries, 2U);
  EXPECT_DOUBLE_EQ(coarse->metrics.r1, 50);
  EXPECT_DOUBLE_EQ(coarse->metrics.mrr, 0.75);
  EXPECT_DOUBLE_EQ(score->metrics.r5, 100);
  EXPECT_DOUBLE_EQ(score->metrics.mrr, 0.6);
  EXPECT_DOUBLE_EQ(logit->metrics.r10, 50);
  EXPECT_DOUBLE_EQ(coarse->latency.queries_per_second, 50);
  EXPECT_DOUBLE_EQ(coarse->latency.p50_ms, 20);
  EXPECT_DOUBLE_EQ(coarse->latency.p95_ms, 29);
}

// Both queries are of one picture, so there is nothing to draw from: the interval is the mean.
TEST(FiguresTest, QueriesOfOnePictureAreDrawnTogether) {
  const std::vector<std::vector<QueryOutcome>> one_picture = {
      {{.asked = 0, .image = 0, .coarse_rank = 0}, {.asked = 1, .image = 0, .coarse_rank = 20}}};
  const std::vector<std::vector<QueryOutcome>> two_pictures = {
      {{.asked = 0, .image = 0, .coarse_rank = 0}, {.asked = 1, .image = 1, .coarse_rank = 20}}};
  EXPECT_EQ(FiguresOf(one_picture, HitOrder::kCoarse)->intervals.r1, (Interval{50, 50}));
  EXPECT_EQ(FiguresOf(two_pictures, HitOrder::kCoarse)->intervals.r1, (Interval{0, 100}));
}

// Folds of one and three queries: the average of 100 % and 0 %, not 25 %.
TEST(FiguresTest, FoldsAreAveragedHoweverManyQueriesTheyHave) {
  const QueryOutcome miss = {.asked = 1, .image = 1, .coarse_rank = 20};
  const std::vector<std::vector<QueryOutcome>> folds = {{{.asked = 0, .image = 0, .coarse_rank = 0}},
                                                        {miss, miss, miss}};
  EXPECT_DOUBLE_EQ(FiguresOf(folds, HitOrder::kCoarse)->metrics.r1, 50);
}

TEST(FiguresTest, NoQueriesAreNoError) {
  const auto figures = FiguresOf(std::vector<std::vector<QueryOutcome>>(1), HitOrder::kRankScore);
  ASSERT_THAT(figures, IsOk());
  EXPECT_EQ(figures->metrics.r1, 0);
  EXPECT_EQ(figures->latency.p95_ms, 0);
}

// Three pictures, each better by one place in the first ten: two of eight assignments of signs are as extreme.
TEST(FiguresTest, RanksAreComparedByMeasure) {
  const std::vector<size_t> a = {10, 10, 10, 0};
  const std::vector<size_t> b = {9, 9, 9, 0};
  const std::vector<size_t> images = {0, 1, 2, 3};
  const auto r10 = CompareRanks(a, b, images, Measure::kR10);
  ASSERT_THAT(r10, IsOk());
  EXPECT_DOUBLE_EQ(r10->difference, 75);
  EXPECT_DOUBLE_EQ(r10->p_value, 0.25);
  EXPECT_EQ(r10->better, 3U);
  EXPECT_EQ(CompareRanks(a, b, images, Measure::kR5)->difference, 0);
  EXPECT_DOUBLE_EQ(CompareRanks(a, b, images, Measure::kRecallMean)->difference, 25);
  EXPECT_DOUBLE_EQ(CompareRanks(a, b, images, Measure::kMrr)->difference, 0.075);
}

}  // namespace
}  // namespace sightline::eval
