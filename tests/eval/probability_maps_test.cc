// SPDX-License-Identifier: BSD-3-Clause
#include "eval/probability_maps.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace sightline::eval {
namespace {

using Points = std::vector<FitPoint>;

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Scores over [-4, 4], right with probability sigmoid(a * score + b), in units of `unit` around `origin`.
Points DrawFromSigmoid(size_t count, double a, double b, double unit = 1, double origin = 0) {
  std::mt19937_64 random(11);
  Points points;
  for (size_t i = 0; i < count; ++i) {
    const double score = -4 + 8 * (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    const double coin = static_cast<double>(random() >> 11) * 0x1p-53;
    points.push_back({.score = origin + unit * score, .right = coin < Sigmoid(a * score + b)});
  }
  return points;
}

double At(const IsotonicMap& map, double score) {
  for (size_t i = 1; i < map.size(); ++i) {
    if (score >= map[i].first) continue;
    if (score <= map[i - 1].first) return map[i - 1].second;
    const double part = (score - map[i - 1].first) / (map[i].first - map[i - 1].first);
    return map[i - 1].second + part * (map[i].second - map[i - 1].second);
  }
  return map.back().second;
}

TEST(PlattTest, FindsTheSigmoidThatTheDataCameFrom) {
  const PlattMap map = FitPlatt(DrawFromSigmoid(20000, 1.5, -0.7));
  EXPECT_NEAR(map.a, 1.5, 0.08);
  EXPECT_NEAR(map.b, -0.7, 0.08);
}

TEST(PlattTest, TheUnitOfScoresDoesNotMatter) {
  const PlattMap plain = FitPlatt(DrawFromSigmoid(2000, 1.5, -0.7));
  const PlattMap scaled = FitPlatt(DrawFromSigmoid(2000, 1.5, -0.7, 1e-4, 70));
  for (const double score : {-3.0, 0.0, 2.5}) {
    EXPECT_NEAR(plain.a * score + plain.b, scaled.a * (70 + 1e-4 * score) + scaled.b, 1e-5) << score;
  }
}

// The derivative of the likelihood is 0 there: the mean probability is the mean target.
TEST(PlattTest, TheFitIsAtTheOptimum) {
  const Points points = DrawFromSigmoid(500, 0.8, 0.3);
  const PlattMap map = FitPlatt(points);
  const auto right = static_cast<double>(std::count_if(points.begin(), points.end(), [](auto& p) { return p.right; }));
  const double wrong = 500 - right;
  double by_b = 0;
  double by_a = 0;
  for (const FitPoint& point : points) {
    const double target = point.right ? (right + 1) / (right + 2) : 1 / (wrong + 2);
    const double difference = Sigmoid(map.a * point.score + map.b) - target;
    by_b += difference / 500;
    by_a += difference * point.score / 500;
  }
  EXPECT_NEAR(by_a, 0, 1e-8);
  EXPECT_NEAR(by_b, 0, 1e-8);
}

TEST(PlattTest, AWeightCountsAsSoManyPoints) {
  Points weighted;
  Points repeated;
  for (const FitPoint& point : DrawFromSigmoid(200, 1, 0)) {
    const bool heavy = point.score > 1;
    weighted.push_back({.score = point.score, .right = point.right, .weight = heavy ? 3.0 : 1.0});
    for (int i = 0; i < (heavy ? 3 : 1); ++i) repeated.push_back(point);
  }
  EXPECT_NEAR(FitPlatt(weighted).a, FitPlatt(repeated).a, 1e-6);
  EXPECT_NEAR(FitPlatt(weighted).b, FitPlatt(repeated).b, 1e-6);
}

TEST(PlattTest, SeparableScoresStayFinite) {
  Points points;
  for (int i = 0; i < 40; ++i) points.push_back({.score = i < 20 ? -1.0 - i : 1.0 + i, .right = i >= 20});
  const PlattMap map = FitPlatt(points);
  EXPECT_GT(map.a, 0);
  EXPECT_LT(map.a, 100);
  EXPECT_GT(Sigmoid(map.a * 40 + map.b), 0.9);
  EXPECT_LT(Sigmoid(map.a * -1 + map.b), 0.5);
}

TEST(PlattTest, ScoresThatSayNothingOrTheOppositeGiveOneProbability) {
  const PlattMap equal = FitPlatt(Points{{3, true}, {3, false}, {3, false}, {3, false}});
  EXPECT_EQ(equal.a, 0);
  EXPECT_NEAR(Sigmoid(equal.b), (2.0 / 3 + 3 * 0.2) / 4, 1e-12);  // Targets (1 + 1) / (1 + 2) and 1 / (3 + 2).
  // Equal but for rounding.
  EXPECT_EQ(FitPlatt(Points{{192.1, true}, {192.1, false}, {std::nextafter(192.1, 200), false}}).a, 0);
  EXPECT_EQ(FitPlatt(DrawFromSigmoid(500, -2, 0)).a, 0);
}

TEST(PlattTest, AllRightOrAllWrongIsNeitherCertainNorInfinite) {
  const PlattMap right = FitPlatt(Points{{1, true}, {2, true}, {3, true}});
  EXPECT_NEAR(Sigmoid(right.a * 2 + right.b), 0.8, 1e-6);
  const PlattMap wrong = FitPlatt(Points{{1, false}, {2, false}, {3, false}});
  EXPECT_NEAR(Sigmoid(wrong.a * 2 + wrong.b), 0.2, 1e-6);
}

TEST(IsotonicTest, FollowsAShapeThatNoSigmoidHas) {
  std::mt19937_64 random(5);
  Points points;
  for (int i = 0; i < 20000; ++i) {  // 0.1 below, 0.5 in the middle, 0.7 above.
    const double score = i / 20000.0;
    const double share = score < 0.3 ? 0.1 : score < 0.8 ? 0.5 : 0.7;
    points.push_back({.score = score, .right = static_cast<double>(random() >> 11) * 0x1p-53 < share});
  }
  const IsotonicMap map = FitIsotonic(points);
  EXPECT_NEAR(At(map, 0.15), 0.1, 0.02);
  EXPECT_NEAR(At(map, 0.55), 0.5, 0.02);
  EXPECT_NEAR(At(map, 0.95), 0.7, 0.03);
}

TEST(IsotonicTest, AscendsWithFewPointsAwayFromZeroAndOne) {
  const IsotonicMap map = FitIsotonic(DrawFromSigmoid(1000, 3, 0));
  EXPECT_GE(map.size(), 4U);
  EXPECT_LE(map.size(), 20U);
  for (size_t i = 1; i < map.size(); ++i) {
    EXPECT_GT(map[i].first, map[i - 1].first);
    EXPECT_GE(map[i].second, map[i - 1].second);
  }
  EXPECT_DOUBLE_EQ(map.front().second, 1.0 / 52);  // A run of fifty without a right one.
  EXPECT_DOUBLE_EQ(map.back().second, 51.0 / 52);
}

TEST(IsotonicTest, PoolsWhatFalls) {
  Points points;
  for (int i = 0; i < 400; ++i) points.push_back({.score = i * 1.0, .right = i < 200 ? i % 2 == 0 : i % 4 == 0});
  const IsotonicMap map = FitIsotonic(points);
  ASSERT_EQ(map.size(), 1U);
  EXPECT_DOUBLE_EQ(map[0].second, 0.375);
}

TEST(IsotonicTest, EqualScoresAreOnePointAndFewPointsOneRun) {
  Points points;
  for (int i = 0; i < 100; ++i) points.push_back({.score = i < 50 ? 1.0 : 2.0, .right = i % 50 < (i < 50 ? 10 : 40)});
  const IsotonicMap two = FitIsotonic(points);
  EXPECT_EQ(two, (IsotonicMap{{1, 0.2}, {2, 0.8}}));
  const IsotonicMap one = FitIsotonic(Points{{1, false}, {2, true}, {3, true}});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_DOUBLE_EQ(one[0].first, 2);
}

}  // namespace
}  // namespace sightline::eval
