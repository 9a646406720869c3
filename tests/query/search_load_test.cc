// SPDX-License-Identifier: BSD-3-Clause
#include "query/search_load.h"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace sightline::query {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// Ten searches of 5 ms that rerank for 100 ms each.
std::vector<WaitingCost> Ten(double allowed_ms) {
  return std::vector<WaitingCost>(10, {.search_ms = 5, .rerank_ms = 100, .allowed_ms = allowed_ms});
}

TEST(DepthShareTest, IsAllWhenEveryoneIsInTime) {
  EXPECT_EQ(DepthShare({}), 1);
  EXPECT_EQ(DepthShare(Ten(1050)), 1);
  EXPECT_EQ(DepthShare(Ten(kNever)), 1);
}

TEST(DepthShareTest, IsWhatTheLastOneCanWaitFor) {
  // 50 ms that do not shrink, 1000 ms that do.
  EXPECT_NEAR(DepthShare(Ten(550)), 0.5, 1e-9);
  EXPECT_NEAR(DepthShare(Ten(150)), 0.1, 1e-9);
  EXPECT_EQ(DepthShare(Ten(50)), 0);
  EXPECT_EQ(DepthShare(Ten(20)), 0);
}

TEST(DepthShareTest, ServesTheOneWithTheLeastTimeWhereverItStands) {
  std::vector<WaitingCost> waiting = Ten(kNever);
  waiting[4].allowed_ms = 275;  // 25 ms and 500 ms up to here.
  EXPECT_NEAR(DepthShare(waiting), 0.5, 1e-9);
}

TEST(DepthShareTest, WhatKeepsItsDepthTakesFromTheOthers) {
  std::vector<WaitingCost> waiting = Ten(550);
  for (size_t i = 0; i < 4; ++i) waiting[i].may_shrink = false;
  // 450 ms that do not shrink, 600 ms that do.
  EXPECT_NEAR(DepthShare(waiting), 1.0 / 6, 1e-9);
  for (WaitingCost& search : waiting) search.may_shrink = false;
  EXPECT_EQ(DepthShare(waiting), 1) << "where nothing may shrink, nothing does";
}

TEST(AllowedTest, IsAShareOfTheTimeAndNeverBeyondTheDeadline) {
  EXPECT_NEAR(AllowedMs({.time_ms = 5000, .waited_ms = 0, .own_ms = 80}, 0.3), 1500, 1e-9);
  EXPECT_NEAR(AllowedMs({.time_ms = 5000, .waited_ms = 4700, .own_ms = 80}, 0.3), 300, 1e-9);
  EXPECT_NEAR(AllowedMs({.time_ms = 100, .waited_ms = 10, .own_ms = 80}, 0.3), 80, 1e-9);
  EXPECT_NEAR(AllowedMs({.time_ms = 100, .waited_ms = 10, .own_ms = 300}, 0.3), 90, 1e-9);
  EXPECT_LT(AllowedMs({.time_ms = 100, .waited_ms = 110, .own_ms = 10}, 0.3), 0);
}

// A queue that overload left shall go in about one share of the time, not in several.
TEST(AllowedTest, CountsWhatWasWaitedDownToAPartThatStays) {
  EXPECT_NEAR(AllowedMs({.time_ms = 5000, .waited_ms = 400, .own_ms = 80}, 0.3), 1100, 1e-9);
  EXPECT_NEAR(AllowedMs({.time_ms = 5000, .waited_ms = 1400, .own_ms = 80}, 0.3), 450, 1e-9);
  EXPECT_NEAR(AllowedMs({.time_ms = 5000, .waited_ms = 2000, .own_ms = 80}, 0.3), 450, 1e-9);
  EXPECT_NEAR(AllowedMs({.time_ms = 5000, .waited_ms = 2000, .own_ms = 800}, 0.3), 800, 1e-9);
}

TEST(SearchCostTest, IsOfOneSearchAndOfOnePair) {
  SearchCost cost;
  EXPECT_EQ(cost.search_ms(), 0);
  EXPECT_EQ(cost.pair_ms(), 0);
  cost.Learn(4, 100, {.encode_ms = 10, .coarse_ms = 20, .patches_ms = 50, .rerank_ms = 150, .total_ms = 240});
  EXPECT_NEAR(cost.search_ms(), 10, 1e-9);
  EXPECT_NEAR(cost.pair_ms(), 2, 1e-9);
}

TEST(SearchCostTest, FollowsWhatIsMeasuredAndForgetsNothingAtOnce) {
  SearchCost cost;
  cost.Learn(1, 10, {.rerank_ms = 100, .total_ms = 110});
  cost.Learn(1, 10, {.rerank_ms = 200, .total_ms = 230});
  EXPECT_GT(cost.pair_ms(), 10);
  EXPECT_LT(cost.pair_ms(), 20);
  cost.Learn(1, 0, {.total_ms = 30});
  const double pair_ms = cost.pair_ms();
  EXPECT_GT(pair_ms, 10) << "a batch without pairs says nothing about them";
  for (int i = 0; i < 50; ++i) cost.Learn(1, 10, {.rerank_ms = 200, .total_ms = 230});
  EXPECT_NEAR(cost.pair_ms(), 20, 0.01);
  EXPECT_NEAR(cost.search_ms(), 30, 0.01);
}

}  // namespace
}  // namespace sightline::query
