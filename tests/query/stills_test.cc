// SPDX-License-Identifier: BSD-3-Clause
#include "query/stills.h"

#include <filesystem>

#include "media/image.h"
#include "media/video_reader.h"
#include "tests/query/query_fixture.h"

namespace sightline::query {
namespace {

using testing::IsError;
using testing::IsOk;

// Hits in a copy of a sample video.
class StillsTest : public QueryFixture {
 protected:
  StillsTest() {
    std::filesystem::copy_file(testing::SourceTree("samples/videos/clip-09.mp4"), video());
    const ImageRgb8 picture = MakePicture(kRed);
    item_ = AddVideo(video(), {{.start_ms = 0, .end_ms = 8000, .frames = {picture}},
                               {.start_ms = 8000, .end_ms = 16000, .frames = {picture}}});
    SetSize(std::filesystem::file_size(video()));
  }

  std::string video() const { return folder_ / "video.mp4"; }

  storage::ItemRecord Item() { return *(*collection_->records().GetItems(std::span(&item_, 1)))[0]; }

  void SetSize(uint64_t size_bytes) {
    storage::WriteSet changes;
    changes.put_items = {Item()};
    changes.put_items[0].paths[0].size_bytes = size_bytes;
    EXPECT_THAT(collection_->Commit(changes), IsOk());
  }

  Hit ClipHit(size_t clip, std::optional<int64_t> best_frame_us) {
    Hit hit;
    hit.item = item_;
    hit.unit = Item().units.at(clip);
    hit.type = UnitType::kClip;
    hit.range = TimeRange{static_cast<int64_t>(clip) * 8'000'000, static_cast<int64_t>(clip + 1) * 8'000'000};
    hit.best_frame_us = best_frame_us;
    return hit;
  }

  std::vector<Still> Stills(std::vector<Hit> hits) {
    auto stills = MakeStills(hits, collection_->records(), {});
    EXPECT_THAT(stills, IsOk());
    return stills ? *std::move(stills) : std::vector<Still>(hits.size());
  }

  // What the still of a frame must be.
  Still Expected(int64_t time_us) {
    auto reader = media::VideoReader::Open(media::Source::FromFile(video()), {});
    EXPECT_THAT(reader, IsOk());
    const auto frames = (*reader)->FramesAt(std::span(&time_us, 1), media::FrameAccess::kExact);
    EXPECT_THAT(frames, IsOk());
    const StillOptions options;
    return *media::MakeThumbnailJpeg((*frames)[0].picture, options.max_side, options.quality);
  }

  testing::TempDir folder_;
  ItemId item_;
};

TEST_F(StillsTest, AClipShowsItsBestFrame) {
  const std::vector<Still> stills = Stills({ClipHit(1, 12'000'000), ClipHit(0, 2'000'000)});
  ASSERT_EQ(stills.size(), 2U);
  EXPECT_EQ(stills[0], Expected(12'000'000));
  EXPECT_EQ(stills[1], Expected(2'000'000));
  EXPECT_NE(stills[0], stills[1]);
}

TEST_F(StillsTest, WithoutABestFrameItShowsTheMiddle) {
  EXPECT_EQ(Stills({ClipHit(1, std::nullopt)})[0], Expected(12'000'000));
}

TEST_F(StillsTest, PicturesHaveTheirThumbnailAndCaptionsNothing) {
  storage::WriteSet changes;
  const auto ids = collection_->AllocateIds(1, 1);
  ASSERT_THAT(ids, IsOk());
  storage::ItemRecord item;
  item.id = ids->first_item;
  item.paths = {{.path = "/p/a.jpg", .size_bytes = 1, .mtime_ns = 1}};
  item.units = {ids->first_unit};
  storage::NewUnit unit;
  unit.record.id = ids->first_unit;
  unit.record.item = item.id;
  unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = Embedding{1, 0, 0, 0, 0, 0, 0, 0}}};
  unit.thumbnail = {std::byte{1}, std::byte{2}};
  changes.put_items = {item};
  changes.put_units = {unit};
  ASSERT_THAT(collection_->Commit(changes), IsOk());
  Hit picture;
  picture.item = ids->first_item;
  picture.unit = ids->first_unit;
  Hit caption;
  caption.item = AddCaption("/c.jsonl#1", "red");
  caption.unit = UnitId{ids->first_unit.value + 1};
  caption.type = UnitType::kText;
  const std::vector<Still> stills = Stills({caption, picture});
  EXPECT_TRUE(stills[0].empty());
  EXPECT_EQ(stills[1], (Still{std::byte{1}, std::byte{2}}));
}

TEST_F(StillsTest, AFileThatIsGoneOrChangedOrBrokenHasNoStill) {
  SetSize(17);
  EXPECT_TRUE(Stills({ClipHit(0, 0)})[0].empty());
  testing::WriteTestFile(video(), "no video");
  SetSize(8);
  EXPECT_TRUE(Stills({ClipHit(0, 0)})[0].empty());
  std::filesystem::remove(video());
  EXPECT_TRUE(Stills({ClipHit(0, 0)})[0].empty());
}

TEST_F(StillsTest, AnItemThatWasRemovedHasNoStill) {
  const Hit hit = ClipHit(0, 0);
  storage::WriteSet changes;
  changes.remove_items = {item_};
  ASSERT_THAT(collection_->Commit(changes), IsOk());
  EXPECT_TRUE(Stills({hit})[0].empty());
}

TEST_F(StillsTest, ADeadlineLeavesStillsOutAndAStopEndsIt) {
  const std::vector<Hit> hits = {ClipHit(0, 0)};
  StillOptions options;
  options.limits = Limits::After(std::chrono::nanoseconds(0));
  const auto late = MakeStills(hits, collection_->records(), options);
  ASSERT_THAT(late, IsOk());
  EXPECT_TRUE((*late)[0].empty());
  std::stop_source stop;
  stop.request_stop();
  options.limits = {};
  options.limits.stop = stop.get_token();
  EXPECT_THAT(MakeStills(hits, collection_->records(), options), IsError(ErrorCode::kCancelled));
}

}  // namespace
}  // namespace sightline::query
