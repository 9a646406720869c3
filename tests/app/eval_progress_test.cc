// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_progress.h"

#include <gtest/gtest.h>

namespace sightline::app {
namespace {

// 25,010 captions at depths 0 and 256; the queries of the first pass say nothing about what a candidate costs.
TEST(EvalProgressTest, TheTimeOfOtherDepthsIsNotGuessed) {
  eval::TimeLeft time;
  eval::StageProgress progress = {.done = 10, .total = 25'010, .reads = 0, .left = {{0, 30'000}, {256, 30'010}}};
  EXPECT_EQ(TimeLeftText(time, progress), "");
  for (int i = 0; i < 10; ++i) time.Add(0, 0.04);
  EXPECT_EQ(TimeLeftText(time, progress), ", about 16 min 40 s left in this pass");
  progress.left = {{0, 25'000}, {256, 0}};
  EXPECT_EQ(TimeLeftText(time, progress), ", about 16 min 40 s left in all");
  for (int i = 0; i < 10; ++i) time.Add(256, 0.12);
  progress.left = {{0, 0}, {256, 30'000}};
  EXPECT_EQ(TimeLeftText(time, progress), ", about 1 h 00 min left in all");
  progress.left = {{0, 0}, {256, 0}};
  EXPECT_EQ(TimeLeftText(time, progress), "");
}

}  // namespace
}  // namespace sightline::app
