// SPDX-License-Identifier: BSD-3-Clause
#include "app/environment.h"

#include <stdlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sightline::app {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(EnvironmentTest, TheProcesssOwnVariablesAreThereUnlessTheyAreEmpty) {
  ASSERT_EQ(::setenv("SIGHTLINE_TEST_A", "x=y", 1), 0);
  ASSERT_EQ(::setenv("SIGHTLINE_TEST_B", "", 1), 0);
  const Environment own;
  EXPECT_EQ(own.Get("SIGHTLINE_TEST_A"), "x=y");
  EXPECT_EQ(own.Get("SIGHTLINE_TEST_C"), "");
  EXPECT_THAT(own.StartingWith("SIGHTLINE_TEST_"), ElementsAre(Pair("SIGHTLINE_TEST_A", "x=y")));
}

TEST(EnvironmentTest, SentVariablesHideTheProcesssOwn) {
  ASSERT_EQ(::setenv("SIGHTLINE_TEST_A", "x=y", 1), 0);
  const Environment sent({{"SIGHTLINE_TEST_D", "1"}, {"HOME", "/h"}});
  EXPECT_EQ(sent.Get("SIGHTLINE_TEST_A"), "");
  EXPECT_EQ(sent.Get("HOME"), "/h");
  EXPECT_THAT(sent.StartingWith("SIGHTLINE_"), ElementsAre(Pair("SIGHTLINE_TEST_D", "1")));
}

}  // namespace
}  // namespace sightline::app
