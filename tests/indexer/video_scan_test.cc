// SPDX-License-Identifier: BSD-3-Clause
// What a run tells while a video is looked through for scene cuts.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <vector>

#include "indexer/preparer.h"
#include "indexer/video_parts.h"
#include "tests/indexer/index_fixture.h"
#include "tests/indexer/test_videos.h"
#include "tests/support/memory_collection.h"

namespace sightline::indexer {
namespace {

using ::testing::Each;
using ::testing::Field;
using testing::Hues;
using testing::IndexFixture;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::MemoryCollection;
using ::testing::SizeIs;
using testing::WriteAvi;

class VideoScanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = MemoryCollection::Create(fixture_.config());
    ASSERT_THAT(made, IsOk());
    collection_ = *std::move(made);
    fixture_.options.clips.frames = 3;
  }

  // What is told while the video is opened.
  std::vector<VideoScan> Open(const std::filesystem::path& video, int64_t end_us = INT64_MAX) {
    const Preparer preparer(collection_->records(), 4, fixture_.options);
    const WorkItem item = preparer.PrepareAnew(FileEntry(video), {});
    std::vector<VideoScan> told;
    EXPECT_THAT(
        VideoParts::Open(item, 4, fixture_.options, {},
                         {.end_us = end_us, .on_progress = [&](const VideoScan& scan) { told.push_back(scan); }}),
        IsOk());
    return told;
  }

  // The reports of a run that came while a video was looked through.
  std::vector<VideoScan> Index() {
    EXPECT_THAT(fixture_.Index(*collection_), IsOk());
    std::vector<VideoScan> told;
    for (const IndexProgress& report : fixture_.observer.reports) {
      if (report.video_scan) told.push_back(*report.video_scan);
    }
    return told;
  }

  void ExpectAscending(const std::vector<VideoScan>& told, double length_seconds) {
    EXPECT_THAT(told, Each(Field(&VideoScan::path, fixture_.photo("a.avi").string())));
    EXPECT_THAT(told, Each(Field(&VideoScan::length_seconds, ::testing::DoubleNear(length_seconds, 1e-6))));
    EXPECT_TRUE(std::is_sorted(told.begin(), told.end(),
                               [](const VideoScan& a, const VideoScan& b) { return a.seconds < b.seconds; }));
    for (const VideoScan& scan : told) EXPECT_TRUE(scan.seconds >= 0 && scan.seconds < length_seconds);
  }

  IndexFixture fixture_;
  std::unique_ptr<MemoryCollection> collection_;
};

TEST_F(VideoScanTest, EveryFrameThatIsLookedAtIsTold) {
  WriteAvi(fixture_.photo("a.avi"), Hues(20));
  const auto told = Open(fixture_.photo("a.avi"));
  ASSERT_THAT(told, SizeIs(40)) << "two frames of each second";
  ExpectAscending(told, 20);
  EXPECT_EQ(told.front().seconds, 0);
  EXPECT_NEAR(told.back().seconds, 19.5, 1e-6);
}

TEST_F(VideoScanTest, KeyFramesAreToldToo) {
  fixture_.options.key_frames = true;
  WriteAvi(fixture_.photo("a.avi"), Hues(20));
  const auto told = Open(fixture_.photo("a.avi"));
  ASSERT_THAT(told, SizeIs(40));
  ExpectAscending(told, 20);
  EXPECT_GT(told.back().seconds, 19);
}

TEST_F(VideoScanTest, ForecastsLookAtTheBeginningOnly) {
  WriteAvi(fixture_.photo("a.avi"), Hues(20));
  EXPECT_NEAR(Open(fixture_.photo("a.avi"), 5'000'000).back().seconds, 5, 1e-6);
}

TEST_F(VideoScanTest, AVideoOfOneClipIsNotLookedThrough) {
  WriteAvi(fixture_.photo("a.avi"), Hues(8));
  EXPECT_THAT(Open(fixture_.photo("a.avi")), IsEmpty());
}

TEST_F(VideoScanTest, TheObserverHearsOfItBeforeAnythingIsCommitted) {
  fixture_.options.report_every = std::chrono::milliseconds(1);
  fixture_.options.clips.max_clips = 4;
  WriteAvi(fixture_.photo("a.avi"), Hues(3'000));  // looking through it takes many times as long as the interval
  const auto told = Index();
  ASSERT_THAT(told, ::testing::Not(IsEmpty()));
  ExpectAscending(told, 3'000);
  for (const IndexProgress& report : fixture_.observer.reports) {
    EXPECT_TRUE(!report.video_scan || report.clips == 0);
  }
  const IndexProgress& last = fixture_.observer.reports.back();
  EXPECT_FALSE(last.video_scan);
  EXPECT_EQ(last.added, 1U);
}

TEST_F(VideoScanTest, TheObserverIsNotToldMoreOftenThanItShall) {
  fixture_.options.report_every = std::chrono::hours(1);
  WriteAvi(fixture_.photo("a.avi"), Hues(200));
  Index();
  EXPECT_THAT(fixture_.observer.reports, SizeIs(2)) << "at the start and at the end";
}

}  // namespace
}  // namespace sightline::indexer
