// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include "tests/app/app_fixture.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;

class SnapshotIntegrationTest : public AppIntegration {};

TEST_F(SnapshotIntegrationTest, ARestoredCollectionVerifiesAndFindsTheSame) {
  const fs::path shot = *shared_ / "shot";
  const RunResult made = Run({"snapshot", "photos", shot});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("snapshot of 8 items and 8 units"));
  ExpectError(Run({"snapshot", "photos", shot}), 2, "is there already");
  const auto restored = Json(Run({"restore", shot, "again", "--json"}));
  EXPECT_EQ(restored.at("items"), 8);
  EXPECT_EQ(Run({"verify", "again"}).exit_code, 0);
  const auto here = Json(Run({"search", "photos", "a cat", "--json"})).at("hits");
  EXPECT_EQ(Json(Run({"search", "again", "a cat", "--json"})).at("hits"), here);
  EXPECT_THAT(Run({"index", "again", photos()}).out, HasSubstr("0 added, 8 unchanged"));
}

TEST_F(SnapshotIntegrationTest, WhatCannotBeRestoredIsRefused) {
  const fs::path shot = *shared_ / "shot2";
  ASSERT_EQ(Run({"snapshot", "photos", shot}).exit_code, 0);
  ExpectError(Run({"restore", shot, "photos"}), 2, "there is a collection already");
  ExpectError(Run({"restore", *shared_ / "none", "x"}), 2, "no snapshot");
  fs::resize_file(shot / "records" / "CURRENT", 3);
  ExpectError(Run({"restore", shot, "x"}), 3, "CURRENT");
  EXPECT_FALSE(fs::exists(folder_of("x") / "COLLECTION"));
}

}  // namespace
}  // namespace sightline::app
