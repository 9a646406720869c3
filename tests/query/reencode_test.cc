// SPDX-License-Identifier: BSD-3-Clause
#include "query/reencode.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "base/sha256.h"
#include "encoder/preprocess.h"
#include "media/content_hash.h"
#include "media/image.h"
#include "media/video_reader.h"
#include "tests/query/query_fixture.h"

namespace sightline::query {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

// A collection without stored patches over copies of two sample photos.
class ReencodeTest : public QueryFixture {
 protected:
  ReencodeTest() {
    collection_ = MakeCollection(storage::PatchStorage::kNone);
    for (const char* name : {"photo-001.jpg", "photo-002.jpg"}) {
      std::filesystem::copy_file(testing::SourceTree("samples/photos") / name, folder_ / name);
      AddFile(folder_ / name);
    }
  }

  void AddFile(const std::filesystem::path& path) {
    const auto picture = media::DecodeImage(media::Source::FromFile(path), {});
    ASSERT_THAT(picture, IsOk());
    const auto pixels = encoder::ResizeToModelPixels(*picture, 4);
    ASSERT_THAT(pixels, IsOk());
    Sha256 sha;
    sha.Update(testing::ReadTestFile(path));
    const Sha256Digest digest = sha.Finish();
    AddOptions options = {.path = path.string(), .with_patches = false};
    std::copy_n(digest.begin(), options.hash.size(), options.hash.begin());
    Add(*pixels, options);
  }

  testing::TempDir folder_;
};

TEST_F(ReencodeTest, RerankEncodesTheFilesAgain) {
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, 2U);
  EXPECT_FALSE(answer->degraded) << answer->degraded_reason;
  EXPECT_TRUE(answer->hits[0].match_probability && answer->hits[1].match_probability);
}

TEST_F(ReencodeTest, AChangedFileIsNotReranked) {
  testing::WriteTestFile(folder_ / "photo-001.jpg",
                         testing::ReadTestFile(testing::SourceTree("samples/photos/photo-003.jpg")));
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, 1U);
  EXPECT_TRUE(answer->degraded);
  EXPECT_THAT(answer->degraded_reason, HasSubstr("1 of 2"));
  EXPECT_EQ(answer->hits[1].path, (folder_ / "photo-001.jpg").string());
}

TEST_F(ReencodeTest, AMissingFileIsNotReranked) {
  std::filesystem::remove(folder_ / "photo-002.jpg");
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, 1U);
  EXPECT_EQ(answer->hits[0].path, (folder_ / "photo-001.jpg").string());
}

// The same clip of a sample video in a collection with patches and in one without.
class ReencodeClipTest : public QueryFixture {
 protected:
  ReencodeClipTest() : video_(folder_ / "clip.mp4") {
    std::filesystem::copy_file(testing::SourceTree("samples/videos/clip-05.mp4"), video_);
  }

  std::unique_ptr<testing::MemoryCollection> CollectionWithClip(storage::PatchStorage storage) {
    auto collection = MakeCollection(storage);
    const auto source = media::Source::FromFile(video_);
    const auto reader = media::VideoReader::Open(source, {});
    EXPECT_THAT(reader, IsOk());
    const std::vector<int64_t> times{100'000, 1'100'000, 2'500'000};
    const auto frames = (*reader)->FramesAt(times, media::FrameAccess::kExact);
    EXPECT_THAT(frames, IsOk());
    std::vector<ImageRgb8> pixels;
    for (const auto& frame : *frames) pixels.push_back(encoder::ResizeToModelPixels(frame.picture, 4).value());
    const std::vector<const ImageRgb8*> pointers{&pixels[0], &pixels[1], &pixels[2]};
    const encoder::ClipRequest request{.frames = pointers, .limits = {}};
    auto encoding = std::move(encoder_.EncodeClips(std::span(&request, 1), TokenFormat::kFp16)[0]);
    EXPECT_THAT(encoding, IsOk());

    const auto ids = collection->AllocateIds(1, 1);
    storage::ItemRecord item;
    item.id = ids->first_item;
    item.paths = {{.path = video_.string(), .size_bytes = 1, .mtime_ns = 1}};
    item.hash = media::HashContent(source, {}).value();
    item.units = {ids->first_unit};
    storage::NewUnit unit;
    unit.record.id = ids->first_unit;
    unit.record.item = item.id;
    unit.record.type = UnitType::kClip;
    unit.record.range = TimeRange{0, 3'000'000};
    unit.record.vectors.push_back({std::nullopt, encoding->embedding});
    for (size_t i = 0; i < 3; ++i) unit.record.vectors.push_back({(*frames)[i].time_us, encoding->frames[i]});
    if (storage != storage::PatchStorage::kNone) unit.tokens = encoding->patches;
    storage::WriteSet changes;
    changes.put_items.push_back(std::move(item));
    changes.put_units.push_back(std::move(unit));
    EXPECT_THAT(collection->Commit(changes), IsOk());
    return collection;
  }

  testing::TempDir folder_;
  std::filesystem::path video_;
};

TEST_F(ReencodeClipTest, RerankDecodesTheFramesAgain) {
  collection_ = CollectionWithClip(storage::PatchStorage::kFp16);
  const auto stored = Search(Words("red"));
  collection_ = CollectionWithClip(storage::PatchStorage::kNone);
  const auto again = Search(Words("red"));
  ASSERT_THAT(stored, IsOk());
  ASSERT_THAT(again, IsOk());
  ASSERT_EQ(stored->reranked, 1U);
  ASSERT_EQ(again->reranked, 1U) << again->degraded_reason;
  EXPECT_EQ(again->hits[0].match_probability, stored->hits[0].match_probability);
  EXPECT_TRUE(again->hits[0].match_probability);
}

TEST_F(ReencodeClipTest, AChangedVideoIsNotReranked) {
  collection_ = CollectionWithClip(storage::PatchStorage::kNone);
  testing::WriteTestFile(video_, testing::ReadTestFile(testing::SourceTree("samples/videos/clip-03.mp4")));
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->reranked, 0U);
}

}  // namespace
}  // namespace sightline::query
