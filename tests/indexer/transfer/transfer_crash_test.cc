// SPDX-License-Identifier: BSD-3-Clause
// A transfer that is killed at any instant leaves a sound collection, and the same command goes on from there.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "indexer/transfer/collection_merger.h"
#include "indexer/transfer/vector_importer.h"
#include "tests/indexer/index_fixture.h"
#include "tests/indexer/transfer/npy_bytes.h"
#include "tests/indexer/transfer/transfer_fixture.h"
#include "tests/support/child_process.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using storage::Collection;
using testing::ChildProcess;
using testing::Contents;
using testing::ExpectExactAccounts;
using testing::ExpectSound;
using testing::IsOk;
using testing::NpyOf;
using testing::TempDir;
using testing::WriteTestFile;

class TransferCrashIntegrationTest : public ::testing::Test {
 protected:
  // Runs the helper and kills it `delay` after it has told of so many batches. Returns whether it was still running.
  static bool RunAndKill(const std::vector<std::string>& arguments, int batches, std::chrono::microseconds delay) {
    std::vector<std::string> command = {SIGHTLINE_TRANSFER_HELPER};
    command.insert(command.end(), arguments.begin(), arguments.end());
    ChildProcess child(command);
    EXPECT_EQ(child.ReadLine(std::chrono::seconds(60)), "open");
    while (batches > 0 && child.ReadLine(std::chrono::seconds(60))) --batches;
    std::this_thread::sleep_for(delay);
    ::kill(child.pid(), SIGKILL);
    const int status = child.Wait();
    EXPECT_TRUE(status == 0 || status == -SIGKILL) << status;
    return status == -SIGKILL;
  }

  // Kills runs over `arguments` at random instants; each leaves a sound collection in `folder` with nothing lost.
  // Returns how many items it has in the end. A run may be over before its kill: then there is nothing left to kill, so
  // the collection is begun anew and runs are killed sooner.
  static size_t KillRuns(const std::vector<std::string>& arguments, const fs::path& folder,
                         const storage::CollectionConfig& config, int rounds) {
    std::mt19937 random(11);
    EXPECT_THAT(Collection::Create(folder, config), IsOk());
    int most_batches = 40;
    int killed = 0;
    size_t stored_before = 0;
    for (int round = 0; round < rounds || ((killed < 3 || stored_before == 0) && round < 10 * rounds); ++round) {
      const int batches = std::uniform_int_distribution<int>(2, most_batches)(random);
      const auto delay = std::uniform_int_distribution<int64_t>(0, 3'000)(random);
      const bool was_killed = RunAndKill(arguments, batches, std::chrono::microseconds(delay));
      killed += was_killed ? 1 : 0;
      auto opened = Collection::Open(folder);
      EXPECT_THAT(opened, IsOk());
      if (!opened) return 0;
      ExpectSound(**opened);
      const size_t stored = Contents(**opened).size();
      EXPECT_GE(stored, stored_before) << "nothing acknowledged is lost";
      stored_before = stored;
      if (was_killed) continue;
      most_batches = std::max(2, most_batches / 2);
      opened->reset();
      fs::remove_all(folder);
      EXPECT_THAT(Collection::Create(folder, config), IsOk());
      stored_before = 0;
    }
    EXPECT_GE(killed, 3);
    EXPECT_GT(stored_before, 0U);
    return stored_before;
  }

  TempDir dir_;
};

TEST_F(TransferCrashIntegrationTest, AnImportThatIsKilledAndResumedGivesTheSameCollection) {
  constexpr size_t kRows = 60'000;
  std::vector<std::vector<float>> rows;
  std::string lines;
  for (size_t i = 0; i < kRows; ++i) {
    rows.push_back({1, static_cast<float>(i), 0, 0});
    lines += "{\"id\": " + std::to_string(i) + ", \"metadata\": {\"number\": " + std::to_string(i) + "}}\n";
  }
  WriteTestFile(dir_ / "a.npy", NpyOf(rows));
  WriteTestFile(dir_ / "a.jsonl", lines);
  const std::vector<VectorFile> files = {{.vectors = dir_ / "a.npy", .lines = dir_ / "a.jsonl"}};

  const storage::CollectionConfig config = {
      .model_name = "none", .model_fingerprint = "", .dim = 4, .patch_storage = storage::PatchStorage::kNone};
  const auto whole = Collection::Create(dir_ / "whole", config);
  ASSERT_THAT(whole, IsOk());
  ASSERT_THAT(VectorImporter(**whole, {}).Run(files, nullptr, {}), IsOk());
  const auto expected = Contents(**whole);
  ASSERT_EQ(expected.size(), kRows);

  const fs::path folder = dir_ / "killed";
  const size_t stored =
      KillRuns({"import", folder.string(), (dir_ / "a.npy").string(), (dir_ / "a.jsonl").string()}, folder, config, 8);
  auto collection = Collection::Open(folder);
  ASSERT_THAT(collection, IsOk());
  const auto rest = VectorImporter(**collection, {}).Run(files, nullptr, {});
  ASSERT_THAT(rest, IsOk());
  ExpectExactAccounts(rest->progress);
  EXPECT_EQ(rest->progress.unchanged, stored);
  EXPECT_EQ(rest->progress.added, kRows - stored);
  EXPECT_EQ(Contents(**collection), expected);
  ExpectSound(**collection);
  const auto jobs = (*collection)->Jobs();
  ASSERT_THAT(jobs, IsOk());
  for (const auto& job : *jobs) EXPECT_NE(job.state, storage::JobState::kRunning);
}

TEST_F(TransferCrashIntegrationTest, AMergeThatIsKilledAndResumedGivesTheSameCollection) {
  constexpr uint8_t kItems = 200;
  constexpr size_t kClips = 5;
  const storage::CollectionConfig config = testing::TransferConfig("abc");
  {
    const auto source = Collection::Create(dir_ / "source", config);
    ASSERT_THAT(source, IsOk());
    for (uint8_t i = 1; i <= kItems; ++i) {
      const bool is_video = i % 3 == 0;
      testing::Put(**source,
                   {.path = fmt::format("/{}", i), .content = i, .clips = is_video ? kClips : 0, .metadata = {}});
    }
  }
  const fs::path folder = dir_ / "killed";
  KillRuns({"merge", folder.string(), (dir_ / "source").string()}, folder, config, 8);

  const auto source = Collection::Open(dir_ / "source");
  ASSERT_THAT(source, IsOk());
  const auto collection = Collection::Open(folder);
  ASSERT_THAT(collection, IsOk());
  const auto rest = MergeCollection(**collection, **source, {.name = "source"}, nullptr, {});
  ASSERT_THAT(rest, IsOk());
  ExpectExactAccounts(rest->progress);
  EXPECT_EQ(rest->progress.done(), kItems);
  for (int i = 1; i <= kItems; ++i) {
    const std::string path = fmt::format("/{}", i);
    EXPECT_EQ(testing::WholeItemAt(**collection, path), testing::WholeItemAt(**source, path)) << path;
  }
  EXPECT_EQ((*collection)->View()->unit_count(), (*source)->View()->unit_count());
  ExpectSound(**collection);
  const auto jobs = *(*collection)->Jobs();
  for (const auto& job : jobs) EXPECT_NE(job.state, storage::JobState::kRunning);
}

}  // namespace
}  // namespace sightline::indexer
