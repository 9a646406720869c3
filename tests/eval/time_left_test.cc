// SPDX-License-Identifier: BSD-3-Clause
#include "eval/time_left.h"

#include <gtest/gtest.h>

namespace sightline::eval {
namespace {

void AddMany(TimeLeft& time, size_t depth, double seconds, int count = 10) {
  for (int i = 0; i < count; ++i) time.Add(depth, seconds);
}

TEST(TimeLeftTest, OfTheDepthThatIsKnownItIsTheMean) {
  TimeLeft time;
  EXPECT_FALSE(time.Of({{0, 100}}));
  EXPECT_EQ(time.Of({}), 0);
  AddMany(time, 0, 0.02);
  AddMany(time, 0, 0.04);
  EXPECT_NEAR(*time.Of({{0, 100}, {64, 0}}), 3, 1e-9);
}

// A query of the coarse stage does not say what a candidate costs: 40 ms may be all of it, or four candidates.
TEST(TimeLeftTest, NothingIsSaidAboutOtherDepthsFromOne) {
  TimeLeft time;
  AddMany(time, 0, 0.04);
  EXPECT_FALSE(time.Of({{0, 1}, {256, 1}}));
  AddMany(time, 16, 0.05, 4);
  EXPECT_FALSE(time.Of({{256, 1}})) << "too few to tell";
  AddMany(time, 16, 0.05);
  EXPECT_TRUE(time.Of({{256, 1}}));
}

TEST(TimeLeftTest, OtherDepthsFollowFromTwo) {
  TimeLeft time;
  AddMany(time, 0, 0.04);
  AddMany(time, 16, 0.04 + 16 * 0.002, 30);
  EXPECT_NEAR(*time.Of({{256, 10}}), 10 * (0.04 + 256 * 0.002), 1e-9);
  EXPECT_NEAR(*time.Of({{16, 1}, {64, 2}}), 0.072 + 2 * (0.04 + 64 * 0.002), 1e-9);
  AddMany(time, 64, 0.04 + 64 * 0.002);
  EXPECT_NEAR(*time.Of({{256, 1}}), 0.04 + 256 * 0.002, 1e-9);
}

TEST(TimeLeftTest, NoiseNeverMakesTimeNegative) {
  TimeLeft time;
  AddMany(time, 0, 0.05);
  AddMany(time, 16, 0.04);
  EXPECT_NEAR(*time.Of({{256, 1}}), 0.045, 1e-9);
}

}  // namespace
}  // namespace sightline::eval
