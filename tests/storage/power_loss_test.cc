// SPDX-License-Identifier: BSD-3-Clause
// The power-loss library itself: what it keeps and what it drops.
#include "tests/support/power_loss.h"

#include <algorithm>

#include "tests/support/child_process.h"
#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

namespace fs = std::filesystem;

class PowerLossTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(root_);
    WriteTestFile(root_ / "old", "durable");
    image_.emplace(root_, scratch_ / "image");
  }

  /// Runs the probe in `root`; "@name" in its arguments is a path there. Then cuts the power.
  void RunAndCut(std::vector<std::string> words, std::optional<uint64_t> torn = std::nullopt) {
    for (std::string& word : words) {
      if (word.starts_with("@")) word = (root_ / word.substr(1)).string();
    }
    words.insert(words.begin(), SIGHTLINE_POWERLOSS_PROBE);
    ChildProcess probe(words, image_->environment());
    ASSERT_EQ(probe.Wait(), 0);
    image_->CutPower(torn);
  }
  bool Exists(const char* name) const { return fs::exists(root_ / name); }
  std::string Content(const char* name) const { return ReadTestFile(root_ / name); }

  TempDir scratch_;
  const fs::path root_ = scratch_ / "root";
  std::optional<PowerLossImage> image_;
};

TEST_F(PowerLossTest, WhatWasThereBeforeIsKept) {
  RunAndCut({});
  EXPECT_EQ(Content("old"), "durable");
}

TEST_F(PowerLossTest, FileWithoutAnySyncIsGone) {
  RunAndCut({"write", "@new", "text"});
  EXPECT_FALSE(Exists("new"));
}

TEST_F(PowerLossTest, SyncedFileWithoutSyncedFolderIsGone) {
  RunAndCut({"write", "@new", "text", "sync", "@new"});
  EXPECT_FALSE(Exists("new"));
}

TEST_F(PowerLossTest, SyncedFolderWithoutSyncedFileHasAnEmptyFile) {
  RunAndCut({"write", "@new", "text", "syncdir", "@"});
  EXPECT_EQ(Content("new"), "");
}

TEST_F(PowerLossTest, SyncedFileInSyncedFolderIsKept) {
  RunAndCut({"write", "@new", "text", "sync", "@new", "syncdir", "@"});
  EXPECT_EQ(Content("new"), "text");
}

TEST_F(PowerLossTest, SyncAfterTheFolderSyncCountsAsWell) {
  RunAndCut({"write", "@new", "text", "syncdir", "@", "sync", "@new"});
  EXPECT_EQ(Content("new"), "text");
}

TEST_F(PowerLossTest, BytesAppendedAfterTheSyncAreDropped) {
  RunAndCut({"append", "@old", " and more", "sync", "@old", "append", "@old", " lost"});
  EXPECT_EQ(Content("old"), "durable and more");
}

TEST_F(PowerLossTest, BytesOverwrittenAfterTheSyncAreAsBefore) {
  RunAndCut({"pwrite", "@old", "0", "DUR", "sync", "@old", "pwrite", "@old", "3", "ABLE"});
  EXPECT_EQ(Content("old"), "DURable");
}

TEST_F(PowerLossTest, TruncationWithoutSyncIsUndone) {
  RunAndCut({"truncate", "@old", "3"});
  EXPECT_EQ(Content("old"), "durable");
  RunAndCut({"truncate", "@old", "3", "sync", "@old"});
  EXPECT_EQ(Content("old"), "dur");
  RunAndCut({"write", "@old", "other"});
  EXPECT_EQ(Content("old"), "dur");
}

TEST_F(PowerLossTest, RenameWithoutFolderSyncIsUndone) {
  RunAndCut({"rename", "@old", "@renamed"});
  EXPECT_EQ(Content("old"), "durable");
  EXPECT_FALSE(Exists("renamed"));
  RunAndCut({"rename", "@old", "@renamed", "syncdir", "@"});
  EXPECT_FALSE(Exists("old"));
  EXPECT_EQ(Content("renamed"), "durable");
}

TEST_F(PowerLossTest, RenameOverAFileIsAllOrNothing) {
  RunAndCut({"write", "@tmp", "new text", "sync", "@tmp", "rename", "@tmp", "@old"});
  EXPECT_EQ(Content("old"), "durable");
  RunAndCut({"write", "@tmp", "new text", "sync", "@tmp", "rename", "@tmp", "@old", "syncdir", "@"});
  EXPECT_EQ(Content("old"), "new text");
}

TEST_F(PowerLossTest, RemovalWithoutFolderSyncIsUndone) {
  RunAndCut({"unlink", "@old"});
  EXPECT_EQ(Content("old"), "durable");
  RunAndCut({"unlink", "@old", "syncdir", "@"});
  EXPECT_FALSE(Exists("old"));
}

TEST_F(PowerLossTest, RemovedFileIsNotTakenForANewOneWithItsInode) {
  // File systems give a freed inode number out again at once.
  RunAndCut({"unlink", "@old", "write", "@new", "x", "syncdir", "@"});
  EXPECT_EQ(Content("new"), "");
}

TEST_F(PowerLossTest, FoldersNeedTheirParentsSync) {
  RunAndCut({"mkdir", "@a", "write", "@a/b", "text", "sync", "@a/b", "syncdir", "@a"});
  EXPECT_FALSE(Exists("a"));
  RunAndCut({"mkdir", "@a", "write", "@a/b", "text", "sync", "@a/b", "syncdir", "@a", "syncdir", "@"});
  EXPECT_EQ(Content("a/b"), "text");
}

// What the new file of a reused inode number had before belongs to another file, also while its folder is being synced.
TEST_F(PowerLossTest, NewFileNeverHasTheContentOfARemovedOne) {
  constexpr int kFiles = 300;
  RunAndCut({"reuse", "@", std::to_string(kFiles)});
  for (int i = 0; i < kFiles; ++i) {
    const std::string name = "new" + std::to_string(i);
    if (!Exists(name.c_str())) continue;
    EXPECT_EQ(Content(name.c_str()), "") << name;
  }
}

TEST_F(PowerLossTest, ShortWritesAndFailingSyncsOnRequest) {
  const auto run = [this](const std::string& fault, const std::vector<std::string>& words) {
    std::vector<std::string> variables = image_->environment();
    variables.push_back(fault);
    std::vector<std::string> command = {SIGHTLINE_POWERLOSS_PROBE};
    command.insert(command.end(), words.begin(), words.end());
    return ChildProcess(command, variables).Wait();
  };
  const std::string file = (root_ / "new").string(), folder = root_.string();
  EXPECT_EQ(run("POWERLOSS_SHORT_WRITES=1", {"write", file, "123456"}), 1);
  EXPECT_EQ(Content("new"), "1234");
  EXPECT_EQ(run("POWERLOSS_FAIL_SYNC_AFTER=1", {"write", file, "text", "sync", file, "syncdir", folder}), 1);
  EXPECT_EQ(run("POWERLOSS_FAIL_SYNC_AFTER=2", {"write", file, "text", "sync", file, "syncdir", folder}), 0);
  EXPECT_EQ(run("POWERLOSS_FAIL_SYNC_AFTER=0", {"append", file, " lost", "sync", file}), 1);
  image_->CutPower();
  EXPECT_EQ(Content("new"), "text");
}

TEST_F(PowerLossTest, TornTailIsAPrefixOfWhatWasAppended) {
  bool lost_some = false, kept_some = false;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    WriteTestFile(root_ / "old", "durable");
    image_->Reset();
    RunAndCut({"append", "@old", "0123456789"}, seed);
    const std::string content = Content("old");
    EXPECT_TRUE(std::string("durable0123456789").starts_with(content) && content.size() >= 7) << content;
    lost_some = lost_some || content.size() < 17;
    kept_some = kept_some || content.size() > 7;
  }
  EXPECT_TRUE(lost_some && kept_some);
}

}  // namespace
}  // namespace sightline::testing
