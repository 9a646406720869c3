// SPDX-License-Identifier: BSD-3-Clause
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/app/app_fixture.h"
#include "tests/support/child_process.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;

namespace fs = std::filesystem;
constexpr std::chrono::seconds kLong{120};

class FollowIntegrationTest : public ::testing::Test {
 protected:
  static fs::path Photo(int number) {
    return testing::SourceTree("samples/photos") / ("photo-00" + std::to_string(number) + ".jpg");
  }
  fs::path pictures() const { return fs::canonical(folder_.path()) / "pictures"; }
  std::vector<std::string> Arguments(std::vector<std::string> rest) const {
    std::vector<std::string> all = {SIGHTLINE_BINARY, "--data-dir", folder_ / "data"};
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  }
  // How many files the next run that had some `added` or `moved` had. A run without any may come before it: what one
  // step of a test changes may take this machine longer than the quiet that ends a change.
  static int64_t NextDone(testing::ChildProcess& child, const std::string& counter) {
    while (const auto line = child.ReadLine(kLong)) {
      const boost::json::value event = boost::json::parse(*line);
      const boost::json::value* name = event.as_object().if_contains("event");
      if (name == nullptr || *name != "done") continue;
      if (const auto count = event.at(counter).to_number<int64_t>(); count != 0) return count;
    }
    ADD_FAILURE() << "no run that had " << counter;
    return -1;
  }
  // The paths of the next removal.
  static boost::json::array NextRemoved(testing::ChildProcess& child) {
    while (const auto line = child.ReadLine(kLong)) {
      const boost::json::value event = boost::json::parse(*line);
      if (!event.as_object().contains("event")) return event.at("removed_paths").as_array();
    }
    ADD_FAILURE() << "no removal";
    return {};
  }

  const testing::TempDir folder_;
};

TEST_F(FollowIntegrationTest, WhatComesMovesAndGoesIsInTheCollectionUntilTheStop) {
  fs::create_directories(pictures());
  fs::copy_file(Photo(1), pictures() / "one.jpg");
  testing::ChildProcess child(Arguments({"index", "photos", pictures(), "--follow", "--json"}));
  EXPECT_EQ(NextDone(child, "added"), 1);

  fs::create_directories(pictures() / "new");
  fs::copy_file(Photo(2), pictures() / "new" / "two.jpg");
  testing::WriteTestFile(pictures() / "notes.txt", "nothing to index");
  EXPECT_EQ(NextDone(child, "added"), 1);

  fs::rename(pictures() / "one.jpg", pictures() / "moved.jpg");
  EXPECT_EQ(NextDone(child, "moved"), 1);

  fs::remove_all(pictures() / "new");
  EXPECT_EQ(NextRemoved(child), boost::json::array{(pictures() / "new" / "two.jpg").string()});

  ASSERT_EQ(::kill(child.pid(), SIGTERM), 0);
  EXPECT_EQ(child.Wait(), 0) << "a stop is how following ends";
  const RunResult list = RunProgram({"--data-dir", folder_ / "data", "list", "photos", "--json"});
  EXPECT_EQ(std::count(list.out.begin(), list.out.end(), '\n'), 1) << list.out;
  EXPECT_THAT(list.out, HasSubstr("moved.jpg"));
}

TEST_F(FollowIntegrationTest, ListsAndManifestsCannotBeFollowed) {
  fs::create_directories(pictures());
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {"-"}, {"--dry-run"}, {"--captions", "c.jsonl"}, {"--manifest", "m.jsonl"}}) {
    std::vector<std::string> arguments = {"--data-dir", folder_ / "data", "index", "photos", pictures(), "--follow"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const RunResult refused = RunProgram(arguments);
    EXPECT_EQ(refused.exit_code, 2) << more[0];
    EXPECT_THAT(refused.err, HasSubstr("--follow"));
  }
}

}  // namespace
}  // namespace sightline::app
