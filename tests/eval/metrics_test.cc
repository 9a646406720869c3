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
  const Recall recall = RecallOf(ranks);
  EXPECT_DOUBLE_EQ(recall.r1, 25);
  EXPECT_DOUBLE_EQ(recall.r5, 50);
  EXPECT_DOUBLE_EQ(recall.r10, 75);
  EXPECT_DOUBLE_EQ(recall.mean(), 50);
  EXPECT_DOUBLE_EQ(RecallOf({}).r10, 0);
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

TEST(MetricsMalformedTest, ShapesAndIndicesMustFit) {
  const ScoreMatrix i2t(1, 2, {0.2F, 0.8F});
  const ScoreMatrix t2i(2, 1, {0.3F, 0.4F});
  EXPECT_THAT(ComputeMetrics(t2i, t2i, {.img2txt = {{0, 1}}, .txt2img = {0, 0}}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ComputeMetrics(i2t, t2i, {.img2txt = {{0, 2}}, .txt2img = {0, 0}}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ComputeMetrics(i2t, t2i, {.img2txt = {{0, 1}}, .txt2img = {0, 1}}), IsError(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace sightline::eval
