// SPDX-License-Identifier: BSD-3-Clause
// A run that is killed at any instant leaves a sound collection, and the same command goes on from there.
#include <signal.h>

#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "indexer/indexer.h"
#include "tests/indexer/index_fixture.h"
#include "tests/indexer/test_videos.h"
#include "tests/support/child_process.h"
#include "tests/support/tar_bytes.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using storage::Collection;
using storage::JobState;
using testing::BmpBytes;
using testing::ChildProcess;
using testing::ColourNumber;
using testing::Contents;
using testing::ExpectExactAccounts;
using testing::ExpectSound;
using testing::IndexFixture;
using testing::IsOk;
using testing::TarBytes;
using testing::TempDir;
using testing::WriteBmp;
using testing::WriteManyBmps;
using testing::WriteTestFile;

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

  // Runs the helper on `folder` and kills it `delay` after it has opened the collection, however long it took to start.
  // Returns whether it was still running.
  bool IndexAndKill(const fs::path& folder, std::chrono::microseconds delay) {
    ChildProcess child(Arguments(folder));
    EXPECT_EQ(child.ReadLine(std::chrono::seconds(60)), "open");
    std::this_thread::sleep_for(delay);
    ::kill(child.pid(), SIGKILL);
    return WasKilled(child);
  }

  // Runs the helper on `folder`; it is killed when it encodes clips for the `call`th time. Returns whether it was.
  bool IndexAndDieAt(const fs::path& folder, int call) {
    std::vector<std::string> arguments = Arguments(folder);
    arguments.insert(arguments.end(), {"--die-at", std::to_string(call)});
    ChildProcess child(arguments);
    return WasKilled(child);
  }

  std::vector<std::string> Arguments(const fs::path& folder) const {
    std::vector<std::string> arguments = {SIGHTLINE_CRASH_HELPER, folder.string(), "4"};
    for (const fs::path& path : inputs_.paths) arguments.push_back(path.string());
    for (const fs::path& path : inputs_.manifests) arguments.insert(arguments.end(), {"--manifest", path.string()});
    return arguments;
  }

  static bool WasKilled(ChildProcess& child) {
    const int status = child.Wait();
    EXPECT_TRUE(status == 0 || status == -SIGKILL) << status;
    return status == -SIGKILL;
  }

  Result<IndexReport> Index(Collection& collection) {
    return Indexer(collection, fixture_.encoder, fixture_.options).Run(inputs_, nullptr, {});
  }

  // Kills runs over inputs_ at random instants, at first each after at most `longest`; each leaves a sound collection
  // in `folder`. Returns how many items it has in the end. How far a run comes in the time depends on the machine:
  // where one was over before its kill there is nothing left to kill, so the collection is begun anew and runs are
  // killed sooner.
  size_t KillRuns(const fs::path& folder, int rounds, std::chrono::microseconds longest) {
    std::mt19937 random(7);
    CreateAt(folder).reset();
    int killed = 0;
    size_t stored_before = 0;
    for (int round = 0; round < rounds || ((killed < 3 || stored_before == 0) && round < 10 * rounds); ++round) {
      const auto delay = std::uniform_int_distribution<int64_t>(longest.count() / 12, longest.count())(random);
      const bool was_killed = IndexAndKill(folder, std::chrono::microseconds(delay));
      killed += was_killed ? 1 : 0;
      longest = was_killed ? longest * 9 / 8 : longest / 2;
      auto opened = Collection::Open(folder);
      EXPECT_THAT(opened, IsOk());
      if (!opened) return 0;
      ExpectSound(**opened);
      const size_t stored = Contents(**opened).size();
      EXPECT_GE(stored, stored_before) << "nothing acknowledged is lost";
      stored_before = stored;
      if (was_killed) continue;
      opened->reset();
      fs::remove_all(folder);
      CreateAt(folder).reset();
      stored_before = 0;
    }
    EXPECT_GE(killed, 3);
    EXPECT_GT(stored_before, 0U);
    return stored_before;
  }

  IndexFixture fixture_;
  IndexInputs inputs_;
  TempDir dir_;
};

TEST_F(CrashIntegrationTest, KilledAtRandomInstantsAndResumedGivesTheSameCollection) {
  inputs_.paths = {fixture_.photos()};
  const auto whole = CreateAt(dir_ / "whole");
  ASSERT_THAT(Index(*whole), IsOk());
  const auto expected = Contents(*whole);

  const fs::path folder = dir_ / "killed";
  const size_t stored = KillRuns(folder, 20, std::chrono::milliseconds(60));
  auto collection = Collection::Open(folder);
  ASSERT_THAT(collection, IsOk());
  fixture_.encoder.images_encoded = 0;
  const auto rest = Index(**collection);
  ASSERT_THAT(rest, IsOk());
  ExpectExactAccounts(rest->progress);
  EXPECT_EQ(fixture_.encoder.images_encoded, kPictures - stored) << "only what was missing";
  EXPECT_EQ(Contents(**collection), expected);
  ExpectSound(**collection);
  const auto jobs = (*collection)->Jobs();
  ASSERT_THAT(jobs, IsOk());
  for (const auto& job : *jobs) EXPECT_NE(job.state, JobState::kRunning);
}

// A shard of 1,000 pictures with a caption each, and a manifest that gives 60 files metadata and a caption.
TEST_F(CrashIntegrationTest, ShardAndManifestThatAreKilledAndResumedGiveTheSameCollection) {
  constexpr uint32_t kSamples = 1000;
  constexpr uint32_t kFirstColour = 10'000;
  TarBytes shard;
  for (uint32_t i = 0; i < kSamples; ++i) {
    const std::string key = std::to_string(100'000 + i);
    shard.Add(key + ".bmp", BmpBytes(6, 5, ColourNumber(kFirstColour + i))).Add(key + ".txt", "caption number " + key);
    shard.Add(key + ".json", "{\"number\": " + std::to_string(i) + "}");
  }
  WriteTestFile(dir_ / "shard.tar", shard.Finish());
  std::string manifest;
  for (uint32_t i = 0; i < kPictures; ++i) {
    const std::string name = testing::NumberedName("p", i);
    manifest += "{\"path\": \"" + fixture_.photo(name).string() + "\", \"metadata\": {\"stars\": " + std::to_string(i) +
                "}, \"captions\": [\"described as " + std::to_string(i) + "\"]}\n";
  }
  WriteTestFile(dir_ / "manifest.jsonl", manifest);
  inputs_ = {.paths = {dir_ / "shard.tar"}, .manifests = {dir_ / "manifest.jsonl"}};
  constexpr size_t kItems = 2 * kSamples + 2 * kPictures;
  IndexFixture::Settle();

  const auto whole = CreateAt(dir_ / "whole");
  const auto uninterrupted = Index(*whole);
  ASSERT_THAT(uninterrupted, IsOk());
  EXPECT_EQ(uninterrupted->progress.added, kItems);
  EXPECT_EQ(uninterrupted->progress.files_found, kItems);
  const auto expected = Contents(*whole);
  ASSERT_EQ(expected.size(), kItems);

  const fs::path folder = dir_ / "killed";
  const size_t stored = KillRuns(folder, 8, std::chrono::milliseconds(500));
  auto collection = Collection::Open(folder);
  ASSERT_THAT(collection, IsOk());
  const auto rest = Index(**collection);
  ASSERT_THAT(rest, IsOk());
  ExpectExactAccounts(rest->progress);
  EXPECT_EQ(rest->progress.unchanged, stored);
  EXPECT_EQ(rest->progress.added, kItems - stored);
  EXPECT_EQ(rest->progress.encoded, kItems - stored) << "only what was missing";
  EXPECT_EQ(Contents(**collection), expected);
  ExpectSound(**collection);
  EXPECT_EQ(Index(**collection)->progress.unchanged, kItems);
}

TEST_F(CrashIntegrationTest, ALongVideoIsKilledInTheMiddleAndGoesOnAtTheFirstMissingClip) {
  constexpr size_t kClips = 60;
  const fs::path video = fixture_.photo("long.avi");  // before the pictures
  testing::WriteAvi(video, testing::Hues(8 * kClips));
  inputs_.paths = {fixture_.photos()};
  const auto whole = CreateAt(dir_ / "whole");
  ASSERT_THAT(Index(*whole), IsOk());
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
  const auto rest = Index(**collection);
  ASSERT_THAT(rest, IsOk());
  ExpectExactAccounts(rest->progress);
  EXPECT_EQ(fixture_.encoder.clips_encoded - clips_before, kClips - stored) << "only what was missing";
  EXPECT_EQ(rest->progress.clips, kClips - stored);
  EXPECT_EQ(Contents(**collection), expected);
  ExpectSound(**collection);
}

}  // namespace
}  // namespace sightline::indexer
