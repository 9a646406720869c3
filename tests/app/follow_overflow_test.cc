// SPDX-License-Identifier: BSD-3-Clause
// The kernel keeps so many changes for who watches (fs.inotify.max_queued_events) and drops what comes then.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "app/follow.h"
#include "base/file_io.h"
#include "tests/support/memory_collection.h"
#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::WriteTestFile;

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kQuiet{20};
constexpr std::chrono::seconds kMost{5};
constexpr size_t kMostEvents = 1'000'000;

class FollowOverflowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue_;
    if (queue_ == 0 || queue_ > kMostEvents) GTEST_SKIP() << "the queue of this machine has " << queue_ << " places";
    fs::create_directories(root_);
    auto watch = FolderWatch::Open(std::span(&root_, 1));
    ASSERT_THAT(watch, IsOk());
    watch_ = std::make_unique<FolderWatch>(*std::move(watch));
  }

  /// Two files by turns, because the kernel joins equal events that follow each other.
  void FillQueue() {
    const std::vector<fs::path> files = {root_ / "a.txt", root_ / "b.txt"};
    for (size_t i = 0; i <= queue_; ++i) std::fclose(std::fopen(files[i % 2].c_str(), "w"));
  }

  const testing::TempDir folder_;
  const fs::path root_ = fs::canonical(folder_.path()) / "root";
  size_t queue_ = 0;
  std::unique_ptr<FolderWatch> watch_;
};

TEST_F(FollowOverflowTest, MissedChangesAreTold) {
  FillQueue();
  WriteTestFile(root_ / "missed.jpg", "x");
  const auto changes = watch_->Wait(kQuiet, kMost, {});
  ASSERT_THAT(changes, IsOk());
  EXPECT_TRUE(changes->overflow);
  EXPECT_THAT(changes->written, ElementsAre(root_ / "a.txt", root_ / "b.txt"));
}

TEST_F(FollowOverflowTest, AfterARestartFoldersThatCameUnseenAreWatched) {
  FillQueue();
  fs::create_directories(root_ / "new" / "deep");
  ASSERT_TRUE(watch_->Wait(kQuiet, kMost, {})->overflow);
  const std::vector<fs::path> paths = {root_, root_.parent_path() / "unmounted"};
  ASSERT_THAT(watch_->Restart(paths), IsOk());
  WriteTestFile(root_ / "new" / "deep" / "x.jpg", "x");
  WriteTestFile(root_ / "y.jpg", "y");
  const auto changes = watch_->Wait(kQuiet, kMost, {});
  ASSERT_THAT(changes, IsOk());
  EXPECT_FALSE(changes->overflow);
  EXPECT_THAT(changes->written, ElementsAre(root_ / "new" / "deep" / "x.jpg", root_ / "y.jpg"));
}

/// A collection that knows these files.
std::unique_ptr<testing::MemoryCollection> CollectionOf(const std::vector<fs::path>& files) {
  auto collection = testing::MemoryCollection::Create({.model_name = "fake", .model_fingerprint = "fake", .dim = 2});
  EXPECT_THAT(collection, IsOk());
  storage::WriteSet changes;
  const auto ids = (*collection)->AllocateIds(files.size(), files.size());
  EXPECT_THAT(ids, IsOk());
  for (size_t i = 0; i < files.size(); ++i) {
    storage::NewUnit unit;
    unit.record.id = UnitId{ids->first_unit.value + i};
    unit.record.item = ItemId{ids->first_item.value + i};
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = {1, 0}}};
    storage::ItemRecord item;
    item.id = unit.record.item;
    item.paths = {{.path = files[i].string(), .size_bytes = 1, .mtime_ns = 1}};
    item.units = {unit.record.id};
    changes.put_items.push_back(std::move(item));
    changes.put_units.push_back(std::move(unit));
  }
  EXPECT_THAT((*collection)->Commit(changes), IsOk());
  return *std::move(collection);
}

TEST_F(FollowOverflowTest, FollowingLooksAtEverythingAndMissesNothingAfterwards) {
  WriteTestFile(root_ / "kept.jpg", "x");
  WriteTestFile(root_ / "gone.jpg", "x");
  const auto collection = CollectionOf({root_ / "kept.jpg", root_ / "gone.jpg"});
  FillQueue();
  fs::remove(root_ / "gone.jpg");
  WriteTestFile(root_ / "new" / "unseen.jpg", "x");

  std::stop_source stop;
  std::vector<std::vector<fs::path>> asked;
  const auto index = [&](std::vector<fs::path> paths) -> Status {
    asked.push_back(std::move(paths));
    if (asked.size() == 1) WriteTestFile(root_ / "new" / "later.jpg", "x");
    if (asked.size() == 2) stop.request_stop();
    return {};
  };
  const FileStream out(std::tmpfile());
  Session session;
  session.io.out = out.get();
  const FollowTask task = {
      .session = session, .collection = *collection, .paths = {root_}, .index = index, .quiet = kQuiet, .most = kMost};
  const std::jthread patience([&stop](const std::stop_token& done) {
    for (int i = 0; i < 200 && !done.stop_requested(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop.request_stop();
  });
  ASSERT_THAT(Follow(task, *watch_, stop.get_token()), IsOk());
  ASSERT_EQ(asked.size(), 2U) << "what came into the new folder was not told";
  EXPECT_THAT(asked[0], ElementsAre(root_)) << "all of it, with what was not seen";
  EXPECT_THAT(asked[1], ElementsAre(root_ / "new" / "later.jpg"));
  EXPECT_EQ(*collection->records().FindItem((root_ / "gone.jpg").string()), std::nullopt);
  EXPECT_NE(*collection->records().FindItem((root_ / "kept.jpg").string()), std::nullopt);
}

}  // namespace
}  // namespace sightline::app
