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
  // The next event of this name, or that is a removal where it is empty.
  static boost::json::value Next(testing::ChildProcess& child, const std::string& name) {
    while (const auto line = child.ReadLine(kLong)) {
      const boost::json::value event = boost::json::parse(*line);
      const bool is_event = event.as_object().contains("event");
      if (name.empty() ? !is_event : (is_event && std::string(event.at("event").as_string().c_str()) == name))
        return event;
    }
    ADD_FAILURE() << "no event " << name;
    return boost::json::object{{"added", -1}, {"moved", -1}, {"removed_paths", boost::json::array{""}}};
  }

  const testing::TempDir folder_;
};

TEST_F(FollowIntegrationTest, WhatComesMovesAndGoesIsInTheCollectionUntilTheStop) {
  fs::create_directories(pictures());
  fs::copy_file(Photo(1), pictures() / "one.jpg");
  testing::ChildProcess child(Arguments({"index", "photos", pictures(), "--follow", "--json"}));
  EXPECT_EQ(Next(child, "done").at("added"), 1);

  fs::create_directories(pictures() / "new");
  fs::copy_file(Photo(2), pictures() / "new" / "two.jpg");
  testing::WriteTestFile(pictures() / "notes.txt", "nothing to index");
  EXPECT_EQ(Next(child, "done").at("added"), 1);

  fs::rename(pictures() / "one.jpg", pictures() / "moved.jpg");
  EXPECT_EQ(Next(child, "done").at("moved"), 1);

  fs::remove_all(pictures() / "new");
  const boost::json::value removed = Next(child, "");
  EXPECT_EQ(std::string(removed.at("removed_paths").at(0).as_string().c_str()),
            (pictures() / "new" / "two.jpg").string());

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
