// SPDX-License-Identifier: BSD-3-Clause
#include "app/folder_watch.h"

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::WriteTestFile;

namespace fs = std::filesystem;

class FolderWatchTest : public ::testing::Test {
 protected:
  FolderWatchTest() : root_(fs::canonical(folder_.path()) / "root") { fs::create_directories(root_ / "sub"); }

  FolderWatch Open(const std::vector<fs::path>& paths) {
    auto watch = FolderWatch::Open(paths);
    EXPECT_THAT(watch, IsOk());
    return *std::move(watch);
  }
  // What is written by this thread before the call is in the kernel's queue already.
  static FolderChanges Changes(FolderWatch& watch, const std::stop_token& stop = {}) {
    auto changes = watch.Wait(std::chrono::milliseconds(20), std::chrono::seconds(5), stop);
    EXPECT_THAT(changes, IsOk());
    return *std::move(changes);
  }

  const testing::TempDir folder_;
  const fs::path root_;
};

TEST_F(FolderWatchTest, WhatIsWrittenMovedInAndRemovedIsTold) {
  WriteTestFile(root_ / "old.jpg", "x");
  WriteTestFile(root_ / "sub" / "moves.jpg", "x");
  FolderWatch watch = Open({root_});
  WriteTestFile(root_ / "new.jpg", "x");
  WriteTestFile(root_ / ".hidden.jpg", "x");
  fs::remove(root_ / "old.jpg");
  fs::rename(root_ / "sub" / "moves.jpg", root_ / "moved.jpg");
  const FolderChanges changes = Changes(watch);
  EXPECT_THAT(changes.written, ElementsAre(root_ / "moved.jpg", root_ / "new.jpg"));
  EXPECT_THAT(changes.gone, ElementsAre(root_ / "old.jpg", root_ / "sub" / "moves.jpg"));
  EXPECT_THAT(changes.gone_folders, IsEmpty());
  EXPECT_FALSE(changes.overflow);
}

TEST_F(FolderWatchTest, WhatIsWrittenAndRemovedAgainIsOnlyGone) {
  FolderWatch watch = Open({root_});
  WriteTestFile(root_ / "short.jpg", "x");
  fs::remove(root_ / "short.jpg");
  const FolderChanges changes = Changes(watch);
  EXPECT_THAT(changes.written, IsEmpty());
  EXPECT_THAT(changes.gone, ElementsAre(root_ / "short.jpg"));
}

TEST_F(FolderWatchTest, FoldersThatComeAreWatchedWithAllBelow) {
  FolderWatch watch = Open({root_});
  fs::create_directories(root_ / "a" / "b");
  WriteTestFile(root_ / "a" / "b" / "early.jpg", "x");
  const FolderChanges first = Changes(watch);
  ASSERT_FALSE(first.written.empty());
  EXPECT_EQ(*first.written.begin(), root_ / "a") << "it is scanned as a whole";
  WriteTestFile(root_ / "a" / "b" / "late.jpg", "x");
  EXPECT_THAT(Changes(watch).written, ElementsAre(root_ / "a" / "b" / "late.jpg"));
}

TEST_F(FolderWatchTest, RenamedFolderIsGoneAndThere) {
  WriteTestFile(root_ / "sub" / "x.jpg", "x");
  FolderWatch watch = Open({root_});
  fs::rename(root_ / "sub", root_ / "renamed");
  const FolderChanges moved = Changes(watch);
  EXPECT_THAT(moved.gone_folders, ElementsAre(root_ / "sub"));
  EXPECT_THAT(moved.written, ElementsAre(root_ / "renamed"));
  WriteTestFile(root_ / "renamed" / "y.jpg", "y");
  EXPECT_THAT(Changes(watch).written, ElementsAre(root_ / "renamed" / "y.jpg"));
}

TEST_F(FolderWatchTest, FolderThatWasMovedAwayIsNotWatchedAnyMore) {
  FolderWatch watch = Open({root_});
  fs::rename(root_ / "sub", root_.parent_path() / "elsewhere");
  EXPECT_THAT(Changes(watch).gone_folders, ElementsAre(root_ / "sub"));
  WriteTestFile(root_.parent_path() / "elsewhere" / "y.jpg", "y");
  WriteTestFile(root_ / "z.jpg", "z");
  EXPECT_THAT(Changes(watch).written, ElementsAre(root_ / "z.jpg"));
}

TEST_F(FolderWatchTest, OfANamedFileOnlyTheFileIsWatched) {
  WriteTestFile(root_ / "shard.tar", "x");
  FolderWatch watch = Open({root_ / "shard.tar"});
  WriteTestFile(root_ / "other.jpg", "x");
  WriteTestFile(root_ / "sub" / "deep.jpg", "x");
  WriteTestFile(root_ / "shard.tar", "y");
  const FolderChanges changes = Changes(watch);
  EXPECT_THAT(changes.written, ElementsAre(root_ / "shard.tar"));
}

TEST_F(FolderWatchTest, LinkedFoldersAreFollowedOnceAndLoopsEnd) {
  const fs::path elsewhere = root_.parent_path() / "elsewhere";
  fs::create_directories(elsewhere);
  fs::create_directory_symlink(elsewhere, root_ / "link");
  fs::create_directory_symlink(root_, elsewhere / "back");
  FolderWatch watch = Open({root_});
  WriteTestFile(elsewhere / "x.jpg", "x");
  EXPECT_THAT(Changes(watch).written, ElementsAre(elsewhere / "x.jpg"));
}

TEST_F(FolderWatchTest, StopEndsTheWait) {
  FolderWatch watch = Open({root_});
  std::stop_source stop;
  const std::jthread stopper([&stop] { stop.request_stop(); });
  EXPECT_TRUE(Changes(watch, stop.get_token()).empty());
}

TEST_F(FolderWatchTest, PathThatIsNotThereIsAnError) {
  EXPECT_THAT(FolderWatch::Open(std::vector{root_ / "missing"}), IsError(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace sightline::app
