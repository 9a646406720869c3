// SPDX-License-Identifier: BSD-3-Clause
// A run that is killed at any instant leaves a sound collection, and the same command goes on from there.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "indexer/indexer.h"
#include "tests/indexer/index_fixture.h"
#include "tests/indexer/test_videos.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using storage::Collection;
using storage::JobState;
using testing::Contents;
using testing::ExpectExactAccounts;
using testing::ExpectSound;
using testing::IndexFixture;
using testing::IsOk;
using testing::TempDir;
using testing::WriteBmp;
using testing::WriteManyBmps;

class CrashIntegrationTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kPictures = 60;

  void SetUp() override {
    WriteManyBmps(fixture_.photos(), "p", kPictures);
    for (uint32_t i = 0; i < 10; ++i) {
      WriteBmp(fixture_.photo(testing::NumberedName("q", i)), testing::ColourNumber(6 * i));
    }
  }

  std::unique_ptr<Collection> CreateAt(const fs::path& folder) {
    auto made = Collection::Create(folder, fixture_.config());
    EXPECT_THAT(made, IsOk());
    return made ? *std::move(made) : nullptr;
  }

  // Runs the helper on `folder` and kills it after `delay`. Returns whether it was still running.
  bool IndexAndKill(const fs::path& folder, std::chrono::microseconds delay) {
    const pid_t child = Start({folder.string(), fixture_.photos().string(), "4"});
    std::this_thread::sleep_for(delay);
    ::kill(child, SIGKILL);
    return WasKilled(child);
  }

  // Runs the helper on `folder`; it is killed when it encodes clips for the `call`th time. Returns whether it was.
  bool IndexAndDieAt(const fs::path& folder, int call) {
    return WasKilled(Start({folder.string(), fixture_.photos().string(), "4", std::to_string(call)}));
  }

  static pid_t Start(std::vector<std::string> arguments) {
    std::string program = SIGHTLINE_CRASH_HELPER;
    std::vector<char*> pointers{program.data()};
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_t child = 0;
    EXPECT_EQ(::posix_spawn(&child, program.c_str(), nullptr, nullptr, pointers.data(), environ), 0);
    return child;
  }

  static bool WasKilled(pid_t child) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) return true;
    EXPECT_EQ(WEXITSTATUS(status), 0);
    return false;
  }

  IndexFixture fixture_;
  TempDir dir_;
};

TEST_F(CrashIntegrationTest, KilledAtRandomInstantsAndResumedGivesTheSameCollection) {
  const auto whole = CreateAt(dir_ / "whole");
  ASSERT_THAT(fixture_.Index(*whole), IsOk());
  const auto expected = Contents(*whole);

  const fs::path folder = dir_ / "killed";
  CreateAt(folder).reset();
  std::mt19937 random(7);
  int killed = 0;
  size_t stored_before = 0;
  for (int round = 0; round < 20; ++round) {
    const auto delay = std::chrono::microseconds(std::uniform_int_distribution<int>(5'000, 60'000)(random));
    killed += IndexAndKill(folder, delay) ? 1 : 0;
    auto opened = Collection::Open(folder);
    ASSERT_THAT(opened, IsOk());
    ExpectSound(**opened);
    const auto contents = Contents(**opened);
    EXPECT_GE(contents.size(), stored_before) << "nothing acknowledged is lost";
    stored_before = contents.size();
  }
  EXPECT_GE(killed, 3);

  auto collection = Collection::Open(folder);
  ASSERT_THAT(collection, IsOk());
  fixture_.encoder.images_encoded = 0;
  const auto rest = fixture_.Index(**collection);
  ASSERT_THAT(rest, IsOk());
  ExpectExactAccounts(rest->progress);
  EXPECT_EQ(fixture_.encoder.images_encoded, kPictures - stored_before) << "only what was missing";
  EXPECT_EQ(Contents(**collection), expected);
  ExpectSound(**collection);
  const auto jobs = (*collection)->Jobs();
  ASSERT_THAT(jobs, IsOk());
  for (const auto& job : *jobs) EXPECT_NE(job.state, JobState::kRunning);
}

TEST_F(CrashIntegrationTest, ALongVideoIsKilledInTheMiddleAndGoesOnAtTheFirstMissingClip) {
  constexpr size_t kClips = 60;
  const fs::path video = fixture_.photo("long.avi");  // before the pictures
  testing::WriteAvi(video, testing::Hues(8 * kClips));
  const auto whole = CreateAt(dir_ / "whole");
  ASSERT_THAT(fixture_.Index(*whole), IsOk());
  const auto expected = Contents(*whole);

  const fs::path folder = dir_ / "killed";
  CreateAt(folder).reset();
  size_t stored = 0;
  for (const int call : {1, 2, 5, 3}) {
    ASSERT_TRUE(IndexAndDieAt(folder, call));
    auto opened = Collection::Open(folder);
    ASSERT_THAT(opened, IsOk());
    ExpectSound(**opened);
    if (!testing::HasPath(**opened, video)) continue;
    const storage::ItemRecord item = testing::ItemAt(**opened, video);
    EXPECT_GE(item.units.size(), stored) << "nothing acknowledged is lost";
    stored = item.units.size();
    EXPECT_EQ(stored % 4, 0U) << "whole parts only";
    EXPECT_EQ(item.paths[0].mtime_ns, 0);
  }
  EXPECT_GE(stored, 8U) << "of the four parts encoded before the fifth call at most two were still on their way";
  EXPECT_LT(stored, kClips);

  auto collection = Collection::Open(folder);
  ASSERT_THAT(collection, IsOk());
  const uint64_t clips_before = fixture_.encoder.clips_encoded;
  const auto rest = fixture_.Index(**collection);
  ASSERT_THAT(rest, IsOk());
  ExpectExactAccounts(rest->progress);
  EXPECT_EQ(fixture_.encoder.clips_encoded - clips_before, kClips - stored) << "only what was missing";
  EXPECT_EQ(rest->progress.clips, kClips - stored);
  EXPECT_EQ(Contents(**collection), expected);
  ExpectSound(**collection);
}

}  // namespace
}  // namespace sightline::indexer
