// SPDX-License-Identifier: BSD-3-Clause
// A disk that is full or read-only: a clear error, nothing acknowledged lost, and it goes on when there is room again.
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "storage/collection.h"
#include "tests/storage/crash_plan.h"
#include "tests/storage/expect_batches.h"
#include "tests/storage/sample_records.h"
#include "tests/support/child_process.h"
#include "tests/support/small_disk.h"
#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

using storage::Collection;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kExhausted = "error " + std::string(NameOf(ErrorCode::kResourceExhausted));

class FullDiskTest : public ::testing::Test {
 protected:
  /// Runs the writer until it gives up. @return the last batch that it acknowledged.
  static uint64_t RunUntilError(ChildProcess& writer) {
    uint64_t acknowledged = 0;
    std::string last;
    while (const auto line = writer.ReadLine(std::chrono::seconds(60))) {
      if (line->starts_with("ack ")) acknowledged = std::stoull(line->substr(4));
      last = *line;
    }
    EXPECT_THAT(last, HasSubstr(kExhausted));
    EXPECT_EQ(writer.Wait(), 1);
    return acknowledged;
  }

  void ExpectAllThere(uint64_t acknowledged) { ExpectBatches(folder_, acknowledged, acknowledged + 1); }

  /// Writes a file that leaves about `left` bytes free.
  static void FillDisk(const std::filesystem::path& file, uint64_t left) {
    const uint64_t free = std::filesystem::space(file.parent_path()).available;
    ASSERT_GT(free, left);
    std::ofstream(file, std::ios::binary) << std::string(free - left, 'x');
  }

  TempDir scratch_;
  const std::filesystem::path disk_ = scratch_ / "disk";
  const std::filesystem::path folder_ = disk_ / "c";
};

TEST_F(FullDiskTest, FullDiskIsExhaustionAndLosesNothing) {
  SmallDisk disk(disk_);
  if (!disk.Mount("size=6m")) GTEST_SKIP() << disk.reason();
  { ASSERT_THAT(Collection::Create(folder_, CrashConfig(), CrashOptions()), IsOk()); }
  ChildProcess writer({SIGHTLINE_CRASH_WRITER, folder_.string()});
  const uint64_t acknowledged = RunUntilError(writer);
  EXPECT_GT(acknowledged, 5u);
  // Still full: it opens or says why not.
  const auto full = Collection::Open(folder_, CrashOptions());
  if (!full) {
    EXPECT_THAT(full, IsError(ErrorCode::kResourceExhausted));
    ASSERT_TRUE(disk.Mount("size=64m", MS_REMOUNT)) << disk.reason();
    ExpectAllThere(acknowledged);
  } else {
    EXPECT_THAT(Differences(**full, *CommittedBatches(**full)), IsEmpty());
  }
}

TEST_F(FullDiskTest, FailedCommitLeavesReadsAndRefusesFurtherCommits) {
  SmallDisk disk(disk_);
  if (!disk.Mount("size=6m")) GTEST_SKIP() << disk.reason();
  const auto made = Collection::Create(folder_, CrashConfig(), CrashOptions());
  ASSERT_THAT(made, IsOk());
  CrashPlan plan;
  Status failed;
  while (failed) {
    const auto batch = plan.Advance();
    const auto changes = ToWriteSet(plan, batch, **made);
    if (!changes) {
      failed = tl::unexpected(changes.error());
      break;
    }
    if (const auto committed = (*made)->Commit(*changes); !committed) failed = tl::unexpected(committed.error());
  }
  EXPECT_THAT(failed, IsError(ErrorCode::kResourceExhausted));
  const uint64_t acknowledged = plan.batches() - 1;
  EXPECT_EQ(*CommittedBatches(**made), acknowledged);
  EXPECT_THAT(Differences(**made, acknowledged), IsEmpty());
  EXPECT_THAT((*made)->Commit({.put_items = {}, .put_units = {}, .remove_items = {ItemId{1}}, .put_job = {}}),
              IsError(ErrorCode::kResourceExhausted));
  EXPECT_THAT(Differences(**made, acknowledged), IsEmpty());
}

TEST_F(FullDiskTest, SealOnAFullDiskFailsCleanlyAndSucceedsWhenThereIsRoom) {
  SmallDisk disk(disk_);
  if (!disk.Mount("size=48m")) GTEST_SKIP() << disk.reason();
  constexpr size_t kUnits = 3000;
  const storage::CollectionConfig config{"none", "", 256, storage::PatchStorage::kNone};
  // Sealed only when told to; its segment takes 1.5 MB.
  const storage::IndexOptions index{
      .kind = storage::IndexKind::kFlat, .rows = storage::RowFormat::kFp16, .seal_rows = 1'000'000};
  auto made = Collection::Create(folder_, config, index);
  ASSERT_THAT(made, IsOk());
  std::vector<Sample> samples;
  for (size_t i = 0; i < kUnits; ++i) samples.push_back(MakeSample(**made, "/p/" + std::to_string(i), i + 1));
  ASSERT_THAT((*made)->Commit(Put(samples)), IsOk());
  const auto best = [&](size_t i) {
    const auto found = (*made)->View()->Search(samples[i].units[0].record.vectors[0].embedding,
                                               {.k = 1, .filter = nullptr, .limits = {}});
    return found && !found->empty() ? found->front().unit : UnitId{};
  };
  const std::filesystem::path ballast = disk_ / "ballast";
  FillDisk(ballast, 200'000);
  EXPECT_THAT((*made)->SealNow(), IsError(ErrorCode::kResourceExhausted));
  EXPECT_THAT((*made)->Stats()->index.failure, HasSubstr("No space left"));
  EXPECT_THAT((*made)->Stats()->index.segments, IsEmpty());
  EXPECT_EQ(best(17), samples[17].units[0].record.id);
  std::filesystem::remove(ballast);
  EXPECT_THAT((*made)->SealNow(), IsOk());
  EXPECT_EQ((*made)->Stats()->index.segments.size(), 1u);
  EXPECT_EQ((*made)->Stats()->index.failure, "");
  EXPECT_EQ(best(17), samples[17].units[0].record.id);
  made->reset();
  const auto opened = Collection::Open(folder_);
  ASSERT_THAT(opened, IsOk());
  EXPECT_THAT((*opened)->Stats()->index.damage, IsEmpty());
  EXPECT_THAT((*opened)->Verify({})->findings, IsEmpty());
}

TEST_F(FullDiskTest, CreationOnAFullDiskIsExhaustionAndCanBeRepeated) {
  SmallDisk disk(disk_);
  if (!disk.Mount("size=32k")) GTEST_SKIP() << disk.reason();
  EXPECT_THAT(Collection::Create(folder_, CrashConfig()), IsError(ErrorCode::kResourceExhausted));
  ASSERT_TRUE(disk.Mount("size=64m", MS_REMOUNT)) << disk.reason();
  EXPECT_THAT(Collection::Create(folder_, CrashConfig()), IsOk());
}

TEST_F(FullDiskTest, FileSizeLimitIsExhaustionAndLosesNothing) {
  // A write that stops in the middle, also where nothing can be mounted: the shell's limit, in blocks of 512 bytes.
  std::filesystem::create_directories(disk_);
  { ASSERT_THAT(Collection::Create(folder_, CrashConfig(), CrashOptions()), IsOk()); }
  uint64_t acknowledged = 0;
  for (const char* blocks : {"100", "250", "400"}) {
    ChildProcess writer({"/bin/sh", "-c", "ulimit -f $2; trap '' XFSZ; exec \"$0\" \"$1\"", SIGHTLINE_CRASH_WRITER,
                         folder_.string(), blocks});
    acknowledged = std::max(acknowledged, RunUntilError(writer));
    ExpectAllThere(acknowledged);
    acknowledged = *CommittedBatches(**Collection::Open(folder_, CrashOptions()));
  }
  EXPECT_GT(acknowledged, 3u);
}

TEST_F(FullDiskTest, ReadOnlyFolderIsAClearError) {
  SmallDisk disk(disk_);
  const bool is_root = ::geteuid() == 0;
  if (is_root && !disk.Mount("size=64m")) GTEST_SKIP() << disk.reason();
  { ASSERT_THAT(Collection::Create(folder_, CrashConfig()), IsOk()); }
  if (is_root) {
    ASSERT_TRUE(disk.Mount("size=64m", MS_REMOUNT | MS_RDONLY)) << disk.reason();
  } else {
    ::chmod((folder_ / "LOCK").c_str(), 0444);
  }
  EXPECT_THAT(Collection::Open(folder_), IsErrorWith(ErrorCode::kUnavailable, "writable folder"));
  if (is_root) {
    EXPECT_THAT(Collection::Create(disk_ / "d", CrashConfig()), IsErrorWith(ErrorCode::kUnavailable, "Read-only"));
  }
}

}  // namespace
}  // namespace sightline::testing
