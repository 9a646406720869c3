// SPDX-License-Identifier: BSD-3-Clause
// The whole program on a disk that is full or read-only, without files to open, beside another process, and with a
// clock that goes backwards.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/app/app_fixture.h"
#include "tests/support/child_process.h"
#include "tests/support/small_disk.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::SmallDisk;

constexpr std::chrono::seconds kPatience{120};

class FaultsIntegrationTest : public AppIntegration {
 protected:
  // Twenty pictures with patches of 200 kB each.
  fs::path ManyPhotos() {
    const fs::path folder = *shared_ / "many";
    fs::create_directories(folder);
    std::vector<fs::path> samples;
    for (const auto& entry : fs::directory_iterator(testing::SourceTree("samples/photos"))) {
      samples.push_back(entry.path());
    }
    std::sort(samples.begin(), samples.end());
    for (const fs::path& sample : std::span(samples).first(20)) {
      fs::copy_file(sample, folder / sample.filename(), fs::copy_options::skip_existing);
    }
    return folder;
  }

  RunResult RunOn(const SmallDisk& disk, std::vector<std::string> arguments, const RunOptions& options = {}) {
    arguments.insert(arguments.begin(), {"--data-dir", disk.path()});
    return RunProgram(arguments, options);
  }
  RunResult IndexOn(const SmallDisk& disk, std::vector<std::string> more = {}, const RunOptions& options = {}) {
    std::vector<std::string> arguments = {"index", "c", ManyPhotos(), "--patches", "fp16"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunOn(disk, std::move(arguments), options);
  }
  int64_t ItemsOn(const SmallDisk& disk) {
    return Json(RunOn(disk, {"status", "c", "--json"})).at("items").to_number<int64_t>();
  }

  // Rows of 32-bit floats, all different.
  static void WriteNpy(const fs::path& path, int rows, int columns) {
    std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
    header.resize(118, ' ');
    header.back() = '\n';
    std::string bytes("\x93NUMPY\x01\x00\x76\x00", 10);
    bytes += header;
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    for (int i = 0; i < rows * columns; ++i) {
      const float value = normal(random);
      bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
    testing::WriteTestFile(path, bytes);
  }

  // The last line of stderr, which holds the error; the others are progress.
  static void ExpectLastLine(const RunResult& result, int exit_code, const std::string& part) {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    const size_t end = result.err.find_last_not_of('\n');
    const size_t begin = result.err.find_last_of('\n', end);
    const std::string line = result.err.substr(begin == std::string::npos ? 0 : begin + 1);
    EXPECT_THAT(line, HasSubstr("sightline: "));
    EXPECT_THAT(line, HasSubstr(part));
  }
};

TEST_F(FaultsIntegrationTest, AFullDiskStopsIndexingAndTheSameCommandGoesOnWhenThereIsRoom) {
  SmallDisk disk(*shared_ / "full");
  if (!disk.Mount("size=5m")) GTEST_SKIP() << disk.reason();
  ExpectLastLine(IndexOn(disk, {"--min-free", "0"}), 4, "No space left");
  ASSERT_TRUE(disk.Remount("size=128m")) << disk.reason();
  const int64_t kept = ItemsOn(disk);
  EXPECT_LT(kept, 20);
  const RunResult again = IndexOn(disk, {"--min-free", "0"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(ItemsOn(disk), 20);
  EXPECT_EQ(RunOn(disk, {"verify", "c"}).exit_code, 0);
}

TEST_F(FaultsIntegrationTest, IndexingStopsWhileThereIsStillRoom) {
  SmallDisk disk(*shared_ / "floor");
  if (!disk.Mount("size=64m")) GTEST_SKIP() << disk.reason();
  // 67 MB, of which RocksDB sets some aside for its files.
  ExpectLastLine(IndexOn(disk, {"--min-free", "65"}), 4, "65 MB are to stay free");
  EXPECT_LT(ItemsOn(disk), 20);
  EXPECT_EQ(RunOn(disk, {"verify", "c"}).exit_code, 0);
  const RunResult again = IndexOn(disk, {"--min-free", "10"});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(ItemsOn(disk), 20);
}

TEST_F(FaultsIntegrationTest, AFullDiskStopsAnImportAndTheSameCommandGoesOnWhenThereIsRoom) {
  SmallDisk disk(*shared_ / "import");
  if (!disk.Mount("size=4m")) GTEST_SKIP() << disk.reason();
  constexpr int kRows = 20'000;
  const fs::path file = *shared_ / "vectors.npy";
  WriteNpy(file, kRows, 64);  // 5 MB
  const std::vector<std::string> import = {"import", "c", "--vectors", file, "--min-free", "0"};
  ExpectLastLine(RunOn(disk, import), 4, "No space left");
  ASSERT_TRUE(disk.Remount("size=128m")) << disk.reason();
  EXPECT_LT(ItemsOn(disk), kRows);
  const RunResult again = RunOn(disk, import);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(ItemsOn(disk), kRows);
  EXPECT_EQ(RunOn(disk, {"verify", "c"}).exit_code, 0);
}

TEST_F(FaultsIntegrationTest, ASnapshotOntoAFullDiskIsNoSnapshotAndCanBeRepeated) {
  SmallDisk disk(*shared_ / "snapshots");
  if (!disk.Mount("size=400k")) GTEST_SKIP() << disk.reason();
  const std::vector<std::string> snapshot = {"snapshot", "photos", disk.path() / "kept"};
  ExpectLastLine(Run(snapshot), 4, "No space left");
  EXPECT_NE(Run({"restore", disk.path() / "kept", "restored"}).exit_code, 0);
  ASSERT_TRUE(disk.Remount("size=64m")) << disk.reason();
  const RunResult again = Run(snapshot);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(Run({"restore", disk.path() / "kept", "restored"}).exit_code, 0);
  EXPECT_EQ(Run({"verify", "restored"}).exit_code, 0);
}

TEST_F(FaultsIntegrationTest, AReadOnlyDiskIsAClearError) {
  SmallDisk disk(*shared_ / "read-only");
  if (!disk.Mount("size=64m")) GTEST_SKIP() << disk.reason();
  ASSERT_EQ(IndexOn(disk, {"--min-free", "0"}).exit_code, 0);
  ASSERT_TRUE(disk.Remount("size=64m", MS_RDONLY)) << disk.reason();
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"index", "c", ManyPhotos()}, {"search", "c", "a", "dog"}, {"status", "c"}, {"remove", "c", "1"}}) {
    ExpectError(RunOn(disk, command), 4, "Read-only file system");
  }
  ExpectError(RunOn(disk, {"index", "new", ManyPhotos()}), 4, "Read-only file system");
  ASSERT_TRUE(disk.Remount("size=64m")) << disk.reason();
  EXPECT_EQ(RunOn(disk, {"verify", "c"}).exit_code, 0);
}

TEST_F(FaultsIntegrationTest, TooFewOpenFilesIsAClearErrorThatNamesTheLimit) {
  const RunResult result = Run({"search", "photos", "a", "dog"}, {.setup = "ulimit -n 40"});
  ExpectError(result, 4, "this process may have 40 files open (ulimit -n)");
  EXPECT_EQ(Run({"verify", "photos"}).exit_code, 0);
  const RunResult enough = Run({"search", "photos", "a", "dog", "--paths-only"}, {.setup = "ulimit -n 100"});
  EXPECT_EQ(enough.exit_code, 0) << enough.err;
}

TEST_F(FaultsIntegrationTest, EveryCommandIsRefusedWhileAnotherProcessOwnsTheCollection) {
  const auto held = storage::Collection::Open(folder_of("photos"));
  ASSERT_THAT(held, testing::IsOk());
  const std::string owner = fmt::format("in use by another process (pid {})", ::getpid());
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"index", "photos", photos()},
           {"index", "photos", photos(), "--dry-run"},
           {"search", "photos", "a", "dog"},
           {"search", "photos", "--item", "1"},
           {"status", "photos"},
           {"list", "photos"},
           {"remove", "photos", "1"},
           {"remove", "photos", "--missing", "--dry-run"},
           {"verify", "photos"},
           {"export", "photos", "--out", *shared_ / "exported"},
           {"snapshot", "photos", *shared_ / "kept"},
           {"merge", "merged", "photos"},
       }) {
    SCOPED_TRACE(command[0]);
    ExpectError(Run(command), 4, owner);
  }
  const RunResult all = Run({"status"});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_THAT(all.out, HasSubstr(owner));
}

TEST_F(FaultsIntegrationTest, JobsThatAreToldToWaitDoUntilTheOtherProcessHasEnded) {
  auto held = storage::Collection::Open(folder_of("photos"));
  ASSERT_THAT(held, testing::IsOk());
  const auto start = [](const std::string& arguments) {
    const std::string command =
        fmt::format("exec '{}' --data-dir '{}' {} --wait 2>&1", SIGHTLINE_BINARY, data().string(), arguments);
    return std::make_unique<testing::ChildProcess>(std::vector<std::string>{"/bin/sh", "-c", command});
  };
  const auto impatient = start("merge waited photos");
  const auto patient = start("index photos '" + photos().string() + "'");
  for (const auto& child : {impatient.get(), patient.get()}) {
    EXPECT_THAT(child->ReadLine(kPatience).value_or(""), HasSubstr(fmt::format("(pid {}): waiting", ::getpid())));
  }
  ASSERT_EQ(::kill(impatient->pid(), SIGINT), 0);
  EXPECT_EQ(impatient->Wait(), 130);
  held->reset();
  std::string told;
  while (const auto line = patient->ReadLine(kPatience)) told += *line + "\n";
  EXPECT_EQ(patient->Wait(), 0);
  EXPECT_THAT(told, HasSubstr("0 added, 8 unchanged"));
}

TEST_F(FaultsIntegrationTest, AClockThatGoesBackwardsBreaksNothing) {
  const RunOptions backwards{.variables = {std::string("LD_PRELOAD=") + SIGHTLINE_BACKWARD_CLOCK}};
  const RunResult first = Run({"index", "backwards", photos()}, backwards);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const auto status = [&] { return Json(Run({"status", "backwards", "--json"}, backwards)); };
  EXPECT_EQ(status().at("items"), 8);
  // What was stored in the future of this clock is neither lost nor taken for another file's.
  const RunResult second = Run({"index", "backwards", photos()}, backwards);
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(status().at("items"), 8);
  const boost::json::value last = status();
  for (const boost::json::value& job : last.at("jobs").as_array()) {
    EXPECT_GE(job.at("updated_at").to_number<int64_t>(), job.at("started_at").to_number<int64_t>());
    EXPECT_EQ(job.at("state"), "finished");
    EXPECT_EQ(job.at("error_count"), 0);
  }
  EXPECT_EQ(Run({"search", "backwards", "a", "dog"}, backwards).exit_code, 0);
  EXPECT_EQ(Run({"verify", "backwards"}, backwards).exit_code, 0);
}

}  // namespace
}  // namespace sightline::app
