// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include "tests/app/app_fixture.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;

class MergeIntegrationTest : public AppIntegration {};

TEST_F(MergeIntegrationTest, ShardsThatAreMergedAreTheWholeCollection) {
  int64_t items = 0;
  for (const std::string shard : {"1", "2", "3"}) {
    const RunResult index = Run({"index", "part" + shard, photos(), "--shard", shard + "/3"});
    ASSERT_EQ(index.exit_code, 0) << index.err;
    items += Json(Run({"status", "part" + shard, "--json"})).at("items").to_number<int64_t>();
  }
  EXPECT_EQ(items, 8);
  const RunResult merge = Run({"merge", "merged", "part1", "part2", "part3"});
  ASSERT_EQ(merge.exit_code, 0) << merge.err;
  EXPECT_THAT(merge.out, HasSubstr("part1: done: "));
  EXPECT_EQ(Run({"verify", "merged"}).exit_code, 0);
  const auto whole = Json(Run({"search", "photos", "a cat", "--json"})).at("hits").as_array();
  const auto merged = Json(Run({"search", "merged", "a cat", "--json"})).at("hits").as_array();
  ASSERT_EQ(whole.size(), merged.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(whole[i].at("path"), merged[i].at("path"));
    EXPECT_NEAR(whole[i].at("match_logit").to_number<double>(), merged[i].at("match_logit").to_number<double>(), 1e-3);
  }
  const RunResult again = Run({"merge", "merged", "part1", "part2", "part3"});
  EXPECT_THAT(again.out, HasSubstr("part2: done: 0 added"));
  EXPECT_THAT(Run({"index", "merged", photos()}).out, HasSubstr("0 added, 8 unchanged"));
}

TEST_F(MergeIntegrationTest, WhatCannotBeMergedIsRefused) {
  ExpectError(Run({"merge", "photos", "photos"}), 2, "into itself");
  ExpectError(Run({"merge", "photos", "none"}), 2, "no collection \"none\"");
  ExpectError(Run({"index", "x", photos(), "--shard", "3/2"}), 2, "3/2");
}

}  // namespace
}  // namespace sightline::app
