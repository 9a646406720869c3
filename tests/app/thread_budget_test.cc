// SPDX-License-Identifier: BSD-3-Clause
#include "app/thread_budget.h"

#include <gtest/gtest.h>

namespace sightline::app {
namespace {

TEST(ThreadBudgetTest, GivenThreadsAreDivided) {
  const ThreadBudget budget = MakeThreadBudget(6, 0);
  EXPECT_EQ(budget.total, 6);
  EXPECT_EQ(budget.openmp, 6);
  EXPECT_EQ(budget.decode, 3U);
  EXPECT_EQ(MakeThreadBudget(6, 5).decode, 5U);
  EXPECT_EQ(MakeThreadBudget(1, 0).decode, 1U);
  EXPECT_GE(MakeThreadBudget(0, 0).total, 1);
}

TEST(ThreadBudgetTest, CommandInAServerHasNoMoreThanTheServer) {
  EXPECT_EQ(ThreadsWithin(0, 2), 2);
  EXPECT_EQ(ThreadsWithin(8, 2), 2);
  EXPECT_EQ(ThreadsWithin(1, 2), 1);
}

}  // namespace
}  // namespace sightline::app
