// SPDX-License-Identifier: BSD-3-Clause
#include "eval/reliability.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include <gtest/gtest.h>

namespace sightline::eval {
namespace {

using Hits = std::vector<ScoredHit>;

// Hits that are right as often as their probability says, times `honesty`.
Hits DrawHits(size_t count, double honesty) {
  std::mt19937_64 random(7);
  Hits hits;
  for (size_t i = 0; i < count; ++i) {
    const double probability = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    const double coin = static_cast<double>(random() >> 11) * 0x1p-53;
    hits.push_back({.probability = probability, .right = coin < honesty * probability});
  }
  return hits;
}

TEST(ReliabilityTest, BinsHoldEquallyManyHitsInOrderOfProbability) {
  const Hits hits = {{0.9, true}, {0.1, false}, {0.7, true}, {0.3, false}, {0.5, true}, {0.6, false}};
  const auto bins = EqualMassBins(hits, 3);
  ASSERT_EQ(bins.size(), 3U);
  EXPECT_DOUBLE_EQ(bins[0].mean_probability, 0.2);
  EXPECT_DOUBLE_EQ(bins[0].accuracy, 0);
  EXPECT_DOUBLE_EQ(bins[1].mean_probability, 0.55);
  EXPECT_DOUBLE_EQ(bins[1].accuracy, 0.5);
  EXPECT_DOUBLE_EQ(bins[2].mean_probability, 0.8);
  EXPECT_EQ(bins[2].count, 2U);
  EXPECT_NEAR(ExpectedCalibrationError(bins), (0.2 + 0.05 + 0.2) / 3, 1e-12);
}

TEST(ReliabilityTest, EveryHitIsInOneBinWhenTheNumberDoesNotDivide) {
  const auto bins = EqualMassBins(DrawHits(100, 1));
  ASSERT_EQ(bins.size(), 15U);
  size_t hits = 0;
  for (const ReliabilityBin& bin : bins) {
    EXPECT_TRUE(bin.count == 6 || bin.count == 7) << bin.count;
    hits += bin.count;
  }
  EXPECT_EQ(hits, 100U);
}

TEST(ReliabilityTest, EqualProbabilitiesStayTogetherSoTheOrderOfHitsChangesNothing) {
  Hits hits = {{0.2, false}, {0.5, true}, {0.5, true}, {0.5, false}, {0.5, false}, {0.9, true}};
  const auto bins = EqualMassBins(hits, 3);
  ASSERT_EQ(bins.size(), 2U);
  EXPECT_EQ(bins[0].count, 5U);
  EXPECT_DOUBLE_EQ(bins[0].accuracy, 0.4);
  std::reverse(hits.begin(), hits.end());
  EXPECT_DOUBLE_EQ(ExpectedCalibrationError(EqualMassBins(hits, 3)), ExpectedCalibrationError(bins));
  // One probability for all: the error is how far that is from the share that is right.
  EXPECT_NEAR(ExpectedCalibrationError(EqualMassBins(Hits{{0.9, true}, {0.9, false}, {0.9, false}, {0.9, false}})),
              0.65, 1e-12);
}

TEST(ReliabilityTest, FewHitsAndNone) {
  EXPECT_TRUE(EqualMassBins({}).empty());
  EXPECT_EQ(ExpectedCalibrationError({}), 0);
  EXPECT_EQ(ChanceCalibrationError({}), 0);
  EXPECT_EQ(LogLoss({}), 0);
  const auto bins = EqualMassBins(Hits{{0.25, true}, {0.75, true}});
  ASSERT_EQ(bins.size(), 2U);
  EXPECT_DOUBLE_EQ(ExpectedCalibrationError(bins), 0.5);
}

TEST(ReliabilityTest, HonestProbabilitiesHaveTheErrorOfChanceAndOthersMore) {
  const auto honest = EqualMassBins(DrawHits(3000, 1));
  EXPECT_LT(ExpectedCalibrationError(honest), 2 * ChanceCalibrationError(honest));
  EXPECT_NEAR(ChanceCalibrationError(honest), std::sqrt(2 / std::numbers::pi) * std::numbers::pi / 8 / std::sqrt(200),
              1e-3);
  // Right half as often as they say: off by a quarter on average.
  const auto boasting = EqualMassBins(DrawHits(3000, 0.5));
  EXPECT_NEAR(ExpectedCalibrationError(boasting), 0.25, 0.03);
  EXPECT_LT(LogLoss(DrawHits(3000, 1)), LogLoss(DrawHits(3000, 0.5)));
}

TEST(ReliabilityTest, LogLossOfCertaintyIsFinite) {
  EXPECT_NEAR(LogLoss(Hits{{0.5, true}, {0.5, false}}), std::log(2), 1e-12);
  EXPECT_NEAR(LogLoss(Hits{{0.8, true}, {0.1, false}}), -(std::log(0.8) + std::log(0.9)) / 2, 1e-12);
  EXPECT_NEAR(LogLoss(Hits{{0, true}}), -std::log(1e-12), 1e-6);
  EXPECT_NEAR(LogLoss(Hits{{1, true}}), 0, 1e-9);
}

TEST(ReliabilityTest, AThresholdTradesPrecisionForRecall) {
  const Hits hits = {{0.9, true}, {0.8, false}, {0.5, true}, {0.2, true}, {0.1, false}};
  const ThresholdFigures half = FiguresAt(hits, 0.5, 4);
  EXPECT_EQ(half.shown, 3U);
  EXPECT_EQ(half.right, 2U);
  EXPECT_DOUBLE_EQ(half.precision.value(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(half.recall, 0.5);  // One of the four was not even found.
  const ThresholdFigures high = FiguresAt(hits, 0.85, 4);
  EXPECT_DOUBLE_EQ(high.precision.value(), 1);
  EXPECT_DOUBLE_EQ(high.recall, 0.25);
  const ThresholdFigures nothing = FiguresAt(hits, 0.95, 4);
  EXPECT_FALSE(nothing.precision);
  EXPECT_EQ(nothing.recall, 0);
  EXPECT_EQ(FiguresAt({}, 0.5, 0).recall, 0);
}

}  // namespace
}  // namespace sightline::eval
