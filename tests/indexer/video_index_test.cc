// SPDX-License-Identifier: BSD-3-Clause
// Videos through the pipeline: as clips, in parts, resumed.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "indexer/indexer.h"
#include "tests/indexer/index_fixture.h"
#include "tests/indexer/test_videos.h"
#include "tests/support/memory_collection.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using storage::Collection;
using storage::ItemRecord;
using storage::JobState;
using storage::UnitRecord;
using ::testing::ElementsAre;
using testing::ExpectExactAccounts;
using testing::ExpectSound;
using testing::HasPath;
using ::testing::HasSubstr;
using testing::Hues;
using testing::IndexFixture;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::ItemAt;
using testing::MemoryCollection;
using testing::Rgb;
using ::testing::SizeIs;
using testing::WriteAvi;
using testing::WriteBmp;
using testing::WriteTestFile;

constexpr Rgb kDark = {20, 20, 60};
constexpr Rgb kBright = {250, 230, 200};
constexpr int64_t kSecond = 1'000'000;

class VideoIndexTest : public ::testing::Test {
 protected:
  VideoIndexTest() { Create(); }

  void Create() {
    auto made = MemoryCollection::Create(fixture_.config());
    ASSERT_THAT(made, IsOk());
    collection_ = *std::move(made);
  }

  IndexReport Index(std::vector<fs::path> paths = {}, std::stop_token stop = {}) {
    auto report = fixture_.Index(*collection_, std::move(paths), std::move(stop));
    EXPECT_THAT(report, IsOk());
    ExpectSound(*collection_);
    return report ? *std::move(report) : IndexReport{};
  }

  // Indexes until so many clips have been through the encoder, and stops.
  IndexReport IndexAndStopAfter(uint64_t clips) {
    std::stop_source stop;
    const uint64_t end = fixture_.encoder.clips_encoded + clips;
    fixture_.encoder.before_encode_clips = [&, end](size_t requests) {
      if (fixture_.encoder.clips_encoded + requests >= end) stop.request_stop();
    };
    IndexReport report = Index({}, stop.get_token());
    fixture_.encoder.before_encode_clips = {};
    EXPECT_TRUE(report.stopped);
    return report;
  }

  ItemRecord Item(const std::string& name) const { return ItemAt(*collection_, fixture_.photo(name)); }

  std::vector<UnitRecord> Units(const std::string& name) const {
    const auto units = collection_->records().GetUnits(Item(name).units);
    EXPECT_THAT(units, IsOk());
    std::vector<UnitRecord> out;
    for (const auto& unit : *units) out.push_back(unit.value());
    return out;
  }

  std::vector<TimeRange> Ranges(const std::string& name) const {
    std::vector<TimeRange> out;
    for (const UnitRecord& unit : Units(name)) out.push_back(unit.range.value());
    return out;
  }

  uint64_t clips_encoded() const { return fixture_.encoder.clips_encoded; }
  fs::path video(const std::string& name) const { return fixture_.photo(name); }

  IndexFixture fixture_;
  std::unique_ptr<MemoryCollection> collection_;
};

TimeRange Seconds(int start, int end) { return {start * kSecond, end * kSecond}; }

TEST_F(VideoIndexTest, AVideoBecomesClipsBetweenItsCuts) {
  WriteAvi(video("a.avi"), {{kDark, 5}, {kBright, 13}});
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_EQ(report.progress.clips, 3U);
  EXPECT_EQ(report.progress.encoded, 3U);
  EXPECT_NEAR(report.progress.video_seconds, 18, 1e-6);
  ExpectExactAccounts(report.progress);
  EXPECT_THAT(Ranges("a.avi"), ElementsAre(Seconds(0, 5), Seconds(5, 13), Seconds(13, 18)));
  const ItemRecord item = Item("a.avi");
  EXPECT_EQ(item.width, 16);
  EXPECT_EQ(item.height, 12);
  EXPECT_THAT(item.metadata.at("duration"), ElementsAre(MetadataValue(18.0)));
  EXPECT_THAT(item.metadata.at("sightline.clips_planned"), ElementsAre(MetadataValue(int64_t{3})));
  EXPECT_FALSE(item.metadata.contains("sightline.clips_in_video"));
}

TEST_F(VideoIndexTest, AClipHasItsOwnVectorAndOneForEachFrameAtItsTime) {
  WriteAvi(video("a.avi"), {{{200, 0, 0}, 2}, {{0, 200, 0}, 2}, {{0, 0, 200}, 2}});
  Index();
  const auto units = Units("a.avi");
  ASSERT_THAT(units, SizeIs(1)) << "six seconds are one clip";
  EXPECT_EQ(units[0].type, UnitType::kClip);
  ASSERT_THAT(units[0].vectors, SizeIs(4));
  EXPECT_EQ(units[0].vectors[0].frame_time_us, std::nullopt);
  for (size_t frame = 0; frame < 3; ++frame) {
    const auto& vector = units[0].vectors[1 + frame];
    EXPECT_EQ(vector.frame_time_us, static_cast<int64_t>(2 * frame) * kSecond);
    for (size_t colour = 0; colour < 3; ++colour) {
      EXPECT_EQ(vector.embedding[colour] > 0.5F, colour == frame) << "frame " << frame << ", colour " << colour;
    }
  }
  const auto tokens = collection_->records().GetTokens(Item("a.avi").units);
  const auto thumbnails = collection_->records().GetThumbnails(Item("a.avi").units);
  EXPECT_TRUE(tokens->at(0).has_value());
  EXPECT_FALSE(thumbnails->at(0).has_value()) << "made when they are shown";
}

TEST_F(VideoIndexTest, FrameVectorsCanBeLeftOut) {
  fixture_.options.frame_vectors = false;
  WriteAvi(video("a.avi"), {{kDark, 4}});
  Index();
  EXPECT_THAT(Units("a.avi").at(0).vectors, SizeIs(1));
  EXPECT_EQ(collection_->View()->unit_count(), 1U);
}

TEST_F(VideoIndexTest, ClipOptionsSetWindowOverlapAndFrames) {
  fixture_.options.clips = {.window_us = 4 * kSecond, .overlap_us = kSecond, .frames = 5};
  WriteAvi(video("a.avi"), {{kDark, 10}});
  Index();
  EXPECT_THAT(Ranges("a.avi"), ElementsAre(Seconds(0, 4), Seconds(3, 7), Seconds(6, 10)));
  EXPECT_THAT(Units("a.avi").at(0).vectors, SizeIs(6));
}

TEST_F(VideoIndexTest, MaxClipsAreSpreadAndNoted) {
  fixture_.options.clips = {.window_us = 2 * kSecond, .frames = 2, .max_clips = 3};
  WriteAvi(video("a.avi"), {{kDark, 12}});
  const IndexReport report = Index();
  EXPECT_THAT(Ranges("a.avi"), ElementsAre(Seconds(0, 2), Seconds(4, 6), Seconds(8, 10)));
  ASSERT_THAT(report.notes, SizeIs(1));
  EXPECT_EQ(report.notes[0].path, video("a.avi").string());
  EXPECT_THAT(report.notes[0].text, HasSubstr("3 of its 6 clips"));
  EXPECT_THAT(fixture_.observer.notes, SizeIs(1));
  EXPECT_THAT(Item("a.avi").metadata.at("sightline.clips_in_video"), ElementsAre(MetadataValue(int64_t{6})));
}

TEST_F(VideoIndexTest, KeyFramesAreTheNearestAndTellTheirOwnTime) {
  fixture_.options.key_frames = true;
  fixture_.options.clips.frames = 7;
  WriteAvi(video("a.avi"), Hues(20));  // all frames are key frames
  Index();
  const auto units = Units("a.avi");
  ASSERT_THAT(units, SizeIs(3));
  for (const UnitRecord& unit : units) {
    ASSERT_THAT(unit.vectors, SizeIs(8));
    const int64_t length = unit.range->end_us - unit.range->start_us;
    for (int64_t i = 0; i < 7; ++i) {
      const int64_t time = unit.vectors[static_cast<size_t>(i + 1)].frame_time_us.value();
      EXPECT_NEAR(static_cast<double>(time), static_cast<double>(unit.range->start_us + length * i / 7), 125'001);
      EXPECT_EQ(time % (kSecond / testing::kTestFps), 0);
    }
  }
}

TEST_F(VideoIndexTest, KeyFramesShowTheCuts) {
  fixture_.options.key_frames = true;
  WriteAvi(video("a.avi"), {{kDark, 5}, {kBright, 13}});
  Index();
  EXPECT_THAT(Ranges("a.avi"), ElementsAre(Seconds(0, 5), Seconds(5, 13), Seconds(13, 18)));
}

TEST_F(VideoIndexTest, OptionsThatCannotWorkAreRefused) {
  WriteAvi(video("a.avi"), {{kDark, 4}});
  fixture_.options.clips.window_us = 0;
  EXPECT_THAT(fixture_.Index(*collection_), IsError(ErrorCode::kInvalidArgument));
  fixture_.options.clips = {.frames = 4};
  fixture_.encoder.mutable_info().config.add_frame_pos = true;
  EXPECT_THAT(fixture_.Index(*collection_), IsErrorWith(ErrorCode::kInvalidArgument, "clips of 3 frames"));
  fixture_.options.clips = {.frames = 0};
  EXPECT_THAT(fixture_.Index(*collection_), IsOk()) << "as many as the model takes";
  EXPECT_THAT(Units("a.avi").at(0).vectors, SizeIs(4));
}

TEST_F(VideoIndexTest, WithoutPatchesTheFrameTimesAreNeeded) {
  fixture_.patch_storage = storage::PatchStorage::kNone;
  Create();
  WriteAvi(video("a.avi"), {{kDark, 4}});
  fixture_.options.frame_vectors = false;
  EXPECT_THAT(fixture_.Index(*collection_), IsErrorWith(ErrorCode::kInvalidArgument, "frame vectors"));
  fixture_.options.frame_vectors = true;
  EXPECT_THAT(fixture_.Index(*collection_), IsOk());
}

TEST_F(VideoIndexTest, PicturesAndVideosGoTogether) {
  WriteBmp(video("a.bmp"), {1, 2, 3});
  WriteAvi(video("b.avi"), Hues(100));
  WriteBmp(video("c.bmp"), {4, 5, 6});
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 3U);
  EXPECT_EQ(report.progress.clips, 13U);
  EXPECT_EQ(report.progress.encoded, 15U);
  EXPECT_LT(Item("a.bmp").id, Item("b.avi").id);
  EXPECT_LT(Item("b.avi").id, Item("c.bmp").id) << "in the order of the scan";
}

TEST_F(VideoIndexTest, ALongVideoComesInPartsAndIsIncompleteUntilTheLast) {
  WriteAvi(video("a.avi"), Hues(160));  // 20 clips, 4 per part
  IndexFixture::Settle();
  std::vector<size_t> calls;
  fixture_.encoder.before_encode_clips = [&](size_t requests) { calls.push_back(requests); };
  const IndexReport report = Index();
  EXPECT_THAT(calls, ElementsAre(4, 4, 4, 4, 4));
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_EQ(report.progress.clips, 20U);
  EXPECT_NE(Item("a.avi").paths[0].mtime_ns, 0);
  EXPECT_THAT(Ranges("a.avi"), SizeIs(20));
  EXPECT_EQ(Ranges("a.avi").back(), Seconds(152, 160));
}

TEST_F(VideoIndexTest, AfterAStopTheSameCommandGoesOnAtTheFirstMissingClip) {
  WriteAvi(video("a.avi"), Hues(160));
  IndexFixture::Settle();
  Index();
  const auto expected = Units("a.avi");
  Create();

  const IndexReport first = IndexAndStopAfter(8);
  EXPECT_EQ(first.progress.added, 0U) << "not complete yet";
  const size_t stored = Units("a.avi").size();
  EXPECT_EQ(first.progress.clips, stored);
  EXPECT_GE(stored, 8U);
  EXPECT_LT(stored, 20U);
  EXPECT_EQ(Item("a.avi").paths[0].mtime_ns, 0);
  EXPECT_THAT(Item("a.avi").metadata.at("sightline.clips_planned"), ElementsAre(MetadataValue(int64_t{20})));

  const uint64_t before = clips_encoded();
  const IndexReport rest = Index();
  EXPECT_EQ(clips_encoded() - before, 20 - stored) << "only what was missing";
  EXPECT_EQ(rest.progress.added, 1U);
  EXPECT_EQ(rest.progress.clips, 20 - stored);
  ExpectExactAccounts(rest.progress);
  const auto units = Units("a.avi");
  ASSERT_EQ(units.size(), expected.size());
  for (size_t i = 0; i < units.size(); ++i) {
    EXPECT_EQ(units[i].range, expected[i].range);
    EXPECT_EQ(units[i].vectors, expected[i].vectors);
  }
  EXPECT_NE(Item("a.avi").paths[0].mtime_ns, 0);
  EXPECT_EQ(Index().progress.unchanged, 1U);
}

TEST_F(VideoIndexTest, AnInterruptedVideoWithOtherOptionsBeginsAnew) {
  WriteAvi(video("a.avi"), Hues(160));
  IndexAndStopAfter(4);
  const ItemId id = Item("a.avi").id;
  fixture_.options.clips.window_us = 10 * kSecond;
  EXPECT_EQ(Index().progress.added, 1U);
  EXPECT_EQ(Item("a.avi").id, id);
  ASSERT_THAT(Ranges("a.avi"), SizeIs(16));
  EXPECT_EQ(Ranges("a.avi")[0], Seconds(0, 10));
  EXPECT_EQ(collection_->View()->unit_count(), 16U);
}

TEST_F(VideoIndexTest, ACompleteVideoStaysWithOtherOptions) {
  WriteAvi(video("a.avi"), Hues(40));
  Index();
  fixture_.options.clips.window_us = 10 * kSecond;
  EXPECT_EQ(Index().progress.unchanged, 1U);
  EXPECT_EQ(Ranges("a.avi")[0], Seconds(0, 8));
}

TEST_F(VideoIndexTest, AnInterruptedVideoThatMovedGoesOn) {
  WriteAvi(video("a.avi"), Hues(160));
  IndexAndStopAfter(4);
  const size_t stored = Units("a.avi").size();
  fs::rename(video("a.avi"), video("b.avi"));
  const uint64_t before = clips_encoded();
  EXPECT_EQ(Index().progress.added, 1U);
  EXPECT_EQ(clips_encoded() - before, 20 - stored);
  EXPECT_FALSE(HasPath(*collection_, video("a.avi")));
  EXPECT_THAT(Item("b.avi").paths, SizeIs(1));
}

TEST_F(VideoIndexTest, SecondRunReadsAndEncodesNothing) {
  WriteAvi(video("a.avi"), Hues(20));
  IndexFixture::Settle();
  Index();
  const uint64_t before = clips_encoded();
  const IndexReport again = Index();
  EXPECT_EQ(again.progress.unchanged, 1U);
  EXPECT_EQ(again.progress.clips, 0U);
  EXPECT_EQ(clips_encoded(), before);
}

TEST_F(VideoIndexTest, CopiesAndMovedVideosAreNotEncodedAgain) {
  WriteAvi(video("a.avi"), Hues(160));
  fs::copy_file(video("a.avi"), video("b.avi"));
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_EQ(report.progress.duplicate, 1U);
  EXPECT_EQ(clips_encoded(), 20U) << "the copy waited for the first";
  EXPECT_THAT(Item("a.avi").paths, SizeIs(2));
  fs::rename(video("b.avi"), video("c.avi"));
  EXPECT_EQ(Index().progress.moved, 1U);
  EXPECT_EQ(clips_encoded(), 20U);
}

TEST_F(VideoIndexTest, NewContentReplacesTheClips) {
  WriteAvi(video("a.avi"), Hues(160));
  Index();
  const ItemId id = Item("a.avi").id;
  WriteAvi(video("a.avi"), Hues(80));
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_EQ(report.progress.updated, 1U);
  EXPECT_EQ(Item("a.avi").id, id);
  EXPECT_THAT(Ranges("a.avi"), SizeIs(10));
  EXPECT_EQ(collection_->View()->unit_count(), 10U);
}

TEST_F(VideoIndexTest, VideosThatSwapNamesInDifferentBatchesAreReadAgain) {
  fixture_.options.encode_batch = 2;
  WriteAvi(video("a.avi"), Hues(80));
  WriteAvi(video("b.avi"), Hues(60));
  Index();
  const auto a = Ranges("a.avi");
  const auto b = Ranges("b.avi");
  // a gets new content, b the old content of a
  fs::rename(video("a.avi"), video("b.avi"));
  WriteAvi(video("a.avi"), Hues(100));
  const IndexReport report = Index();
  ExpectExactAccounts(report.progress);
  EXPECT_EQ(report.progress.failed, 0U);
  EXPECT_EQ(Ranges("b.avi"), a);
  EXPECT_THAT(Ranges("a.avi"), SizeIs(13));
  EXPECT_EQ(Index().progress.unchanged, 2U);
}

TEST_F(VideoIndexTest, AVideoThatTheEncoderRefusesFailsOnce) {
  WriteAvi(video("a.avi"), Hues(160));
  WriteAvi(video("b.avi"), {{kDark, 4}});
  int calls = 0;
  fixture_.encoder.before_encode_clips = [&](size_t) { ++calls; };
  fixture_.encoder.image_error = [&](const ImageRgb8&) -> std::optional<Error> {
    if (calls != 2) return std::nullopt;
    return Error{ErrorCode::kInternal, "no"};
  };
  const IndexReport report = Index();
  ExpectExactAccounts(report.progress);
  EXPECT_EQ(report.progress.failed, 1U);
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_THAT(report.errors, SizeIs(1));
  EXPECT_THAT(Ranges("a.avi"), SizeIs(4)) << "what went before stays, and is incomplete";
  fixture_.encoder.image_error = {};
  const IndexReport again = Index();
  EXPECT_EQ(again.progress.added, 1U);
  EXPECT_THAT(Ranges("a.avi"), SizeIs(20));
}

TEST_F(VideoIndexTest, BadVideosFailWithAReasonAndTheRestGoesOn) {
  WriteTestFile(video("empty.mp4"), "");
  WriteTestFile(video("noise.mkv"), std::string(5000, 'x'));
  WriteTestFile(video("list.mp4"), "#EXTM3U\nfile:///etc/passwd\n");
  const std::string whole = testing::AviBytes(Hues(20));
  WriteTestFile(video("cut.avi"), whole.substr(0, 150));
  WriteAvi(video("good.avi"), {{kDark, 4}});
  const IndexReport report = Index();
  ExpectExactAccounts(report.progress);
  EXPECT_EQ(report.progress.failed, 4U);
  EXPECT_EQ(report.progress.added, 1U);
  for (const auto& error : report.errors) EXPECT_FALSE(error.reason.empty()) << error.path;
}

TEST_F(VideoIndexTest, AVideoWithoutAFittingNameIsTakenWhenItIsNamed) {
  WriteAvi(video("video"), {{kDark, 4}});
  const IndexReport report = Index({video("video")});
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_EQ(Units("video").at(0).type, UnitType::kClip);
}

TEST_F(VideoIndexTest, ForecastCountsClipsAndWritesNothing) {
  WriteAvi(video("a.avi"), Hues(160));
  WriteAvi(video("b.avi"), Hues(8));
  WriteBmp(video("c.bmp"), {1, 2, 3});
  fixture_.options.dry_run = true;
  const IndexReport report = Index();
  EXPECT_EQ(report.forecast.files_to_encode, 3U);
  EXPECT_EQ(report.forecast.clips, 21U);
  EXPECT_NEAR(report.forecast.video_seconds, 168, 0.01);
  EXPECT_GT(report.forecast.seconds, 0);
  EXPECT_EQ(collection_->View()->unit_count(), 0U);
}

}  // namespace
}  // namespace sightline::indexer
