// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/collection_merger.h"

#include <fmt/format.h>

#include "indexer/item_metadata.h"
#include "tests/indexer/transfer/transfer_fixture.h"

namespace sightline::indexer {
namespace {

using storage::JobRecord;
using storage::JobState;
using ::testing::ElementsAre;
using testing::ExpectExactAccounts;
using testing::ExpectSound;
using testing::HasPath;
using testing::IsErrorWith;
using testing::IsOk;
using testing::ItemAt;
using testing::MakeCollection;
using testing::MemoryCollection;
using testing::Put;
using testing::TransferConfig;
using testing::WholeItemAt;

class MergeTest : public ::testing::Test {
 protected:
  IndexProgress Merge(const storage::Collection& source, std::stop_token stop = {}) {
    const auto report = MergeCollection(*target_, source, options_, &observer_, stop);
    EXPECT_THAT(report, IsOk());
    if (!report) return {};
    if (!report->stopped) ExpectExactAccounts(report->progress);
    ExpectSound(*target_);
    return report->progress;
  }

  std::unique_ptr<MemoryCollection> target_ = MakeCollection(TransferConfig("abc"));
  std::unique_ptr<MemoryCollection> source_ = MakeCollection(TransferConfig("abc"));
  MergeOptions options_{.name = "source"};
  testing::RecordingObserver observer_;
};

TEST_F(MergeTest, EverythingComesUnderNewIds) {
  Put(*target_, {.path = "/mine.jpg", .content = 9});
  Put(*source_, {.path = "/a.jpg", .content = 1, .metadata = {{"stars", {int64_t{5}}}}});
  Put(*source_, {.path = "/video.mp4", .content = 2, .clips = 3});
  const Epoch before = source_->View()->epoch();
  EXPECT_EQ(Merge(*source_).added, 2U);
  for (const std::string path : {"/a.jpg", "/video.mp4"}) {
    EXPECT_EQ(WholeItemAt(*target_, path), WholeItemAt(*source_, path)) << path;
    EXPECT_TRUE(WholeItemAt(*target_, path).tokens[0].has_value());
    EXPECT_NE(ItemAt(*target_, path).id, ItemAt(*source_, path).id);
  }
  EXPECT_TRUE(HasPath(*target_, "/mine.jpg"));
  EXPECT_EQ(source_->View()->epoch(), before) << "the source is only read";
}

TEST_F(MergeTest, EmptyTargetIsSearchedAsTheSourceWas) {
  Put(*source_, {.path = "/a.jpg", .content = 1});
  const storage::CollectionSettings settings = {
      .rerank_depth = 96, .stop_margin = 1.5, .calibration = "{}", .tuned = "what was measured there"};
  ASSERT_THAT(source_->SetSettings(settings), IsOk());
  Merge(*source_);
  EXPECT_EQ(target_->settings(),
            (storage::CollectionSettings{.rerank_depth = 96, .stop_margin = 1.5, .calibration = "{}"}));
}

TEST_F(MergeTest, TargetWithItemsOrSettingsKeepsHowItIsSearched) {
  ASSERT_THAT(source_->SetSettings({.rerank_depth = 96}), IsOk());
  Put(*source_, {.path = "/a.jpg", .content = 1});
  const storage::CollectionSettings own = {.rerank_depth = 8};
  ASSERT_THAT(target_->SetSettings(own), IsOk());
  Merge(*source_);
  EXPECT_EQ(target_->settings(), own);
  ASSERT_THAT(target_->SetSettings({}), IsOk());
  Merge(*source_);
  EXPECT_EQ(target_->settings(), storage::CollectionSettings());
}

TEST_F(MergeTest, TheSameAgainIsANoOp) {
  Put(*source_, {.path = "/a.jpg", .content = 1});
  Put(*source_, {.path = "/video.mp4", .content = 2, .clips = 3});
  Merge(*source_);
  const auto before = WholeItemAt(*target_, "/video.mp4");
  const IndexProgress again = Merge(*source_);
  EXPECT_EQ(again.unchanged, 2U);
  EXPECT_EQ(WholeItemAt(*target_, "/video.mp4"), before);
  EXPECT_EQ(target_->View()->unit_count(), 4U);
}

TEST_F(MergeTest, KnownContentJoinsItsPathsAndKeepsTheMetadataThatIsHere) {
  Put(*target_, {.path = "/here.jpg", .content = 1, .metadata = {{"album", {std::string("here")}}}});
  Put(*source_, {.path = "/there.jpg", .content = 1, .metadata = {{"album", {std::string("there")}}}});
  EXPECT_EQ(Merge(*source_).duplicate, 1U);
  const storage::ItemRecord item = ItemAt(*target_, "/there.jpg");
  EXPECT_EQ(item.id, ItemAt(*target_, "/here.jpg").id);
  EXPECT_EQ(item.paths[0].path, "/here.jpg");
  EXPECT_EQ(item.metadata.at("album"), std::vector<MetadataValue>{std::string("here")});
  EXPECT_EQ(target_->View()->unit_count(), 1U);
}

TEST_F(MergeTest, APathBelongsToTheContentThatWasChangedLater) {
  Put(*target_, {.path = "/old.jpg", .content = 1, .changed_ns = 10});
  Put(*target_, {.path = "/new.jpg", .content = 2, .changed_ns = 30});
  Put(*target_, {.path = "/same.jpg", .content = 3, .changed_ns = 20});
  for (const auto& [path, content] : {std::pair("/old.jpg", 4), std::pair("/new.jpg", 5), std::pair("/same.jpg", 6)}) {
    Put(*source_, {.path = path, .content = static_cast<uint8_t>(content), .changed_ns = 20});
  }
  const IndexProgress merged = Merge(*source_);
  EXPECT_EQ(merged.updated, 1U);
  EXPECT_EQ(merged.unchanged, 2U);
  EXPECT_EQ(ItemAt(*target_, "/old.jpg").hash[0], 4);
  EXPECT_EQ(ItemAt(*target_, "/new.jpg").hash[0], 2);
  EXPECT_EQ(ItemAt(*target_, "/same.jpg").hash[0], 3);
  EXPECT_EQ(target_->View()->unit_count(), 3U) << "what lost its last path is gone";
}

// Two files that swapped their names between the runs that filled the two collections.
TEST_F(MergeTest, PathsThatChangeHandsBetweenItemsOfOneBatchAreKeptApart) {
  Put(*target_, {.path = "/a.jpg", .content = 1, .changed_ns = 10});
  Put(*target_, {.path = "/b.jpg", .content = 2, .changed_ns = 10});
  Put(*source_, {.path = "/b.jpg", .content = 1, .changed_ns = 20});
  Put(*source_, {.path = "/a.jpg", .content = 2, .changed_ns = 20});
  Merge(*source_);
  EXPECT_EQ(ItemAt(*target_, "/a.jpg").hash[0], 2);
  EXPECT_EQ(ItemAt(*target_, "/b.jpg").hash[0], 1);
  EXPECT_EQ(Merge(*source_).unchanged, 2U);
}

TEST_F(MergeTest, ALongVideoComesInPartsAndGoesOnWhereItWas) {
  Put(*source_, {.path = "/video.mp4", .content = 2, .clips = 10});
  options_.batches.part_units = 3;
  uint64_t commits = target_->View()->epoch().value;
  Merge(*source_);
  EXPECT_GE(target_->View()->epoch().value - commits, 4U);
  EXPECT_EQ(WholeItemAt(*target_, "/video.mp4"), WholeItemAt(*source_, "/video.mp4"));

  // As an interrupted run leaves it.
  target_ = MakeCollection(TransferConfig("abc"));
  Put(*target_, {.path = "/video.mp4", .content = 2, .clips = 4, .clips_planned = 10});
  EXPECT_EQ(Merge(*source_).added, 1U);
  EXPECT_EQ(WholeItemAt(*target_, "/video.mp4"), WholeItemAt(*source_, "/video.mp4"));
}

TEST_F(MergeTest, AnIncompleteVideoStaysIncompleteAndDoesNotTakeClipsAway) {
  Put(*source_, {.path = "/video.mp4", .content = 2, .clips = 4, .clips_planned = 10});
  Merge(*source_);
  EXPECT_FALSE(IsComplete(ItemAt(*target_, "/video.mp4")));
  EXPECT_EQ(ItemAt(*target_, "/video.mp4").paths[0].mtime_ns, 0);
  EXPECT_EQ(Merge(*source_).unchanged, 1U);
  const auto whole = MakeCollection(TransferConfig("abc"));
  Put(*whole, {.path = "/video.mp4", .content = 2, .clips = 10});
  Merge(*whole);
  EXPECT_TRUE(IsComplete(ItemAt(*target_, "/video.mp4")));
  EXPECT_EQ(Merge(*source_).unchanged, 1U);
  EXPECT_EQ(WholeItemAt(*target_, "/video.mp4"), WholeItemAt(*whole, "/video.mp4"));
}

TEST_F(MergeTest, JobsComeOnceAndTheMergeIsTheNewest) {
  storage::WriteSet changes;
  changes.put_job = JobRecord{.id = JobId{5},
                              .state = JobState::kRunning,
                              .inputs = {"/pictures"},
                              .started_at = 3,
                              .items_added = 7,
                              .errors = {{"/bad.jpg", "broken"}},
                              .error_count = 1};
  ASSERT_THAT(source_->Commit(changes), IsOk());
  Merge(*source_);
  Merge(*source_);
  const auto jobs = target_->Jobs();
  ASSERT_THAT(jobs, IsOk());
  ASSERT_EQ(jobs->size(), 3U);
  EXPECT_THAT(jobs->at(0).inputs, ElementsAre("--merge=source"));
  EXPECT_EQ(jobs->at(2).state, JobState::kStopped);
  EXPECT_THAT(jobs->at(2).inputs, ElementsAre("/pictures"));
  EXPECT_EQ(jobs->at(2).errors[0].path, "/bad.jpg");
}

TEST_F(MergeTest, AStopEndsBetweenItemsAndTheNextRunGoesOn) {
  for (uint8_t i = 1; i <= 20; ++i) Put(*source_, {.path = fmt::format("/{}", i), .content = i});
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = MergeCollection(*target_, *source_, options_, nullptr, stop.get_token());
  ASSERT_THAT(stopped, IsOk());
  EXPECT_TRUE(stopped->stopped);
  EXPECT_EQ(Merge(*source_).added, 20U);
}

TEST_F(MergeTest, AnotherModelIsRefusedWithBothFingerprints) {
  const auto other = MakeCollection(TransferConfig("xyz"));
  const auto refused = MergeCollection(*target_, *other, options_, nullptr, {});
  EXPECT_THAT(refused, IsErrorWith(ErrorCode::kFailedPrecondition, "(abc)"));
  EXPECT_THAT(refused, IsErrorWith(ErrorCode::kFailedPrecondition, "(xyz)"));
  const auto without = MakeCollection(TransferConfig("abc", storage::PatchStorage::kNone));
  EXPECT_THAT(MergeCollection(*target_, *without, options_, nullptr, {}),
              IsErrorWith(ErrorCode::kFailedPrecondition, "--patches none"));
}

TEST_F(MergeTest, ACollectionThatKeepsNoPatchesTakesItemsWithoutThem) {
  target_ = MakeCollection(TransferConfig("abc", storage::PatchStorage::kNone));
  Put(*source_, {.path = "/a.jpg", .content = 1});
  EXPECT_EQ(Merge(*source_).added, 1U);
  EXPECT_FALSE(WholeItemAt(*target_, "/a.jpg").tokens[0].has_value());
  EXPECT_TRUE(WholeItemAt(*target_, "/a.jpg").thumbnails[0].has_value());
}

}  // namespace
}  // namespace sightline::indexer
