// SPDX-License-Identifier: BSD-3-Clause
#include "eval/metrics.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using testing::IsError;

TEST(MetricsTest, RankCountsWhatIsAhead) {
  const std::vector<float> scores = {0.1F, 0.9F, 0.5F};
  EXPECT_EQ(BestRank(scores, std::vector<size_t>{0}), 2U);
  EXPECT_EQ(BestRank(scores, std::vector<size_t>{1}), 0U);
  EXPECT_EQ(BestRank(scores, std::vector<size_t>{0, 2}), 1U);
  EXPECT_EQ(BestRank(scores, {}), kNotRanked);
}

TEST(MetricsTest, TiesAreRankedByIndex) {
  const std::vector<float> scores = {0.5F, 0.5F, 0.5F};
  EXPECT_EQ(BestRank(scores, std::vector<size_t>{0}), 0U);
  EXPECT_EQ(BestRank(scores, std::vector<size_t>{2}), 2U);
}

TEST(MetricsTest, RecallIsAPercentageAndMissesCount) {
  const std::vector<size_t> ranks = {0, 4, 9, kNotRanked};
  const RankMetrics recall = MetricsOf(ranks);
  EXPECT_DOUBLE_EQ(recall.r1, 25);
  EXPECT_DOUBLE_EQ(recall.r5, 50);
  EXPECT_DOUBLE_EQ(recall.r10, 75);
  EXPECT_DOUBLE_EQ(recall.recall_mean(), 50);
  EXPECT_DOUBLE_EQ(MetricsOf({}).r10, 0);
}

TEST(MetricsTest, MedianAndMeanRankCountFromOne) {
  const std::vector<size_t> odd = {4, 0, 1};
  EXPECT_EQ(MetricsOf(odd).median_rank, 2);
  EXPECT_DOUBLE_EQ(*MetricsOf(odd).mean_rank, 8.0 / 3);
  const std::vector<size_t> even = {0, 7, 1, 2};
  EXPECT_EQ(MetricsOf(even).median_rank, 2.5);
  EXPECT_EQ(MetricsOf(even).mean_rank, 3.5);
  EXPECT_EQ(MetricsOf(std::vector<size_t>{0}).median_rank, 1);
  EXPECT_EQ(MetricsOf({}).median_rank, std::nullopt);
  EXPECT_EQ(MetricsOf({}).mean_rank, std::nullopt);
}

TEST(MetricsTest, ReciprocalRanksCountToTheTenth) {
  const std::vector<size_t> ranks = {0, 1, 3, 9, 10, kNotRanked};
  EXPECT_DOUBLE_EQ(MetricsOf(ranks).mrr, (1 + 0.5 + 0.25 + 0.1) / 6);
  EXPECT_DOUBLE_EQ(MetricsOf(std::vector<size_t>{0}).mrr, 1);
  EXPECT_DOUBLE_EQ(MetricsOf({}).mrr, 0);
}

TEST(MetricsTest, AnAnswerThatWasNotRankedHasNoMeanAndPerhapsAMedian) {
  const std::vector<size_t> one_of_three = {0, kNotRanked, 3};
  EXPECT_EQ(MetricsOf(one_of_three).median_rank, 4);
  EXPECT_EQ(MetricsOf(one_of_three).mean_rank, std::nullopt);
  // The middle of four lies between a rank and none.
  const std::vector<size_t> two_of_four = {0, 3, kNotRanked, kNotRanked};
  EXPECT_EQ(MetricsOf(two_of_four).median_rank, std::nullopt);
}

TEST(MetricsTest, WhatWasNotScoredIsNotRanked) {
  const std::vector<float> scores = {kUnscored, -7, kUnscored};
  EXPECT_EQ(BestRank(scores, std::vector<size_t>{0, 2}), kNotRanked);
  EXPECT_EQ(BestRank(scores, std::vector<size_t>{0, 1}), 0U);
}

TEST(MetricsTest, AGalleryOfFewerThanTenWorks) {
  const ScoreMatrix i2t(1, 2, {0.2F, 0.8F});
  const ScoreMatrix t2i(2, 1, {0.3F, 0.4F});
  const auto metrics = ComputeMetrics(i2t, t2i, {.img2txt = {{0, 1}}, .txt2img = {0, 0}});
  ASSERT_THAT(metrics, testing::IsOk());
  EXPECT_DOUBLE_EQ(metrics->r_mean(), 100);
}

TEST(MetricsTest, APictureWithoutCaptionsIsAMiss) {
  const auto metrics = ComputeMetrics(ScoreMatrix(2, 1, {0.9F, 0.1F}), ScoreMatrix(1, 2, {0.9F, 0.1F}),
                                      {.img2txt = {{0}, {}}, .txt2img = {0}});
  ASSERT_THAT(metrics, testing::IsOk());
  EXPECT_DOUBLE_EQ(metrics->txt.r1, 50);
  EXPECT_DOUBLE_EQ(metrics->img.r1, 100);
}

// Three pictures with three, one and no captions; everything that can go wrong in four texts. Ties go to the lower
// index.
TEST(MetricsTest, ASmallGridIsRankedAsByHand) {
  const ScoreMatrix i2t(3, 4,
                        {0.1F, 0.9F, 0.3F, 0.9F,    // Its second caption ties with a stranger: first.
                         0.9F, 0.4F, 0.4F, 0.4F,    // One is better, and two as good stand before: fourth.
                         0.6F, 0.1F, 0.1F, 0.1F});  // Nothing would be right.
  const ScoreMatrix t2i(4, 3,
                        {0.2F, 0.8F, 0.5F,       // Third.
                         0.7F, 0.7F, 0.1F,       // Tied: first.
                         kUnscored, 0.3F, 0.2F,  // Not scored: not ranked.
                         0.5F, 0.5F, 0.5F});     // The second of three that are alike.
  const auto metrics = ComputeMetrics(i2t, t2i, {.img2txt = {{0, 1, 2}, {3}, {}}, .txt2img = {0, 0, 0, 1}});
  ASSERT_THAT(metrics, testing::IsOk());
  EXPECT_DOUBLE_EQ(metrics->txt.r1, 100.0 / 3);
  EXPECT_DOUBLE_EQ(metrics->txt.r5, 200.0 / 3);
  EXPECT_DOUBLE_EQ(metrics->txt.r10, 200.0 / 3);
  EXPECT_DOUBLE_EQ(metrics->txt.mrr, (1 + 1.0 / 4) / 3);
  EXPECT_EQ(metrics->txt.median_rank, 4);
  EXPECT_EQ(metrics->txt.mean_rank, std::nullopt);
  EXPECT_DOUBLE_EQ(metrics->img.r1, 25);
  EXPECT_DOUBLE_EQ(metrics->img.r5, 75);
  EXPECT_DOUBLE_EQ(metrics->img.mrr, (1.0 / 3 + 1 + 1.0 / 2) / 4);
  EXPECT_EQ(metrics->img.median_rank, 2.5);
}

TEST(MetricsMalformedTest, ShapesAndIndicesMustFit) {
  const ScoreMatrix i2t(1, 2, {0.2F, 0.8F});
  const ScoreMatrix t2i(2, 1, {0.3F, 0.4F});
  EXPECT_THAT(ComputeMetrics(t2i, t2i, {.img2txt = {{0, 1}}, .txt2img = {0, 0}}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ComputeMetrics(i2t, t2i, {.img2txt = {{0, 2}}, .txt2img = {0, 0}}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ComputeMetrics(i2t, t2i, {.img2txt = {{0, 1}}, .txt2img = {0, 1}}), IsError(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace sightline::eval
