// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "media/image.h"
#include "tests/http/api_fixture.h"
#include "tests/indexer/test_videos.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;

using testing::Answer;
using testing::IsOk;

constexpr testing::Rgb kRed = {200, 10, 10};

class MediaRoutesTest : public testing::ApiFixture {
 protected:
  MediaRoutesTest() { Put("/v1/collections/photos"); }

  static std::string UrlOf(uint64_t id, const std::string& what) {
    return fmt::format("/v1/items/photos/{}/{}", id, what);
  }
  uint64_t AddPicture() {
    return Upload("photos", Picture(kRed)).json().at("item").at("item_id").to_number<uint64_t>();
  }
  /// Red for two seconds, then blue for two.
  uint64_t AddVideo() {
    testing::WriteAvi(root() / "video.avi", {{{200, 10, 10}, 2}, {{10, 10, 200}, 2}});
    RunJob("photos", fmt::format(R"({{"paths": ["{}"], "clip_seconds": 2}})", (root() / "video.avi").string()));
    return Get("/v1/collections/photos/items").json().at("items").at(0).at("item_id").to_number<uint64_t>();
  }
  static ImageRgb8 Decoded(const std::string& bytes) {
    const auto raw = std::as_bytes(std::span(bytes));
    auto picture = media::DecodeImage(media::Source::FromMemory({raw.begin(), raw.end()}, "answer"), {});
    EXPECT_THAT(picture, IsOk());
    return picture ? *std::move(picture) : ImageRgb8{};
  }
};

TEST_F(MediaRoutesTest, ThumbnailIsASmallJpeg) {
  const uint64_t id = AddPicture();
  const Answer answer = Get(UrlOf(id, "thumbnail"));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "image/jpeg");
  EXPECT_FALSE(answer.header("ETag").empty());
  const ImageRgb8 picture = Decoded(answer.body);
  EXPECT_EQ(picture.width, 6);
  EXPECT_NEAR(picture.pixels[0], kRed.r, 6);
  EXPECT_EQ(Get(UrlOf(id, "thumbnail?unit=77")).status, 404);
  EXPECT_EQ(Get(UrlOf(id, "thumbnail?unit=x")).field(), "unit");
  EXPECT_EQ(Get(UrlOf(id, "thumbnail?size=3")).field(), "size");
  EXPECT_EQ(Get(UrlOf(id + 1, "thumbnail")).status, 404);
}

TEST_F(MediaRoutesTest, MediaIsTheFileItself) {
  const uint64_t id = AddPicture();
  const Answer answer = Get(UrlOf(id, "media"));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "image/bmp");
  EXPECT_EQ(answer.body, Picture(kRed));
  EXPECT_EQ(Get(UrlOf(id, "media")).header("ETag"), answer.header("ETag"));
}

TEST_F(MediaRoutesTest, MediaThatTheClientDoesNotTakeIsNotSent) {
  const std::string url = UrlOf(AddPicture(), "media");
  const auto status_for = [&](const std::string& accept) {
    return Call(Method::kGet, url, {.headers = {{"Accept", accept}}}).status;
  };
  EXPECT_EQ(status_for("video/*, audio/*;q=0.5"), 406);
  EXPECT_EQ(status_for("image/bmp;q=0, image/*"), 406);
  EXPECT_EQ(status_for("image/avif,image/webp,image/*,*/*;q=0.8"), 200);
}

TEST_F(MediaRoutesTest, ThumbnailsOfClipsAreMadeOfTheirFrames) {
  const uint64_t id = AddVideo();
  const auto item = Get(fmt::format("/v1/collections/photos/items/{}", id)).json();
  EXPECT_EQ(item.at("kind"), "video");
  const auto units = item.at("unit_ids").as_array();
  ASSERT_EQ(units.size(), 2U);
  const auto shown = [&](size_t unit) {
    return Decoded(Get(UrlOf(id, fmt::format("thumbnail?unit={}", units[unit].to_number<uint64_t>()))).body);
  };
  EXPECT_GT(shown(0).pixels[0], 150);
  EXPECT_LT(shown(1).pixels[0], 60);
}

TEST_F(MediaRoutesTest, FrameIsThatOfItsTime) {
  const uint64_t id = AddVideo();
  const Answer red = Get(UrlOf(id, "frame?t=0.5"));
  ASSERT_EQ(red.status, 200) << red.body;
  EXPECT_EQ(red.header("Content-Type"), "image/jpeg");
  EXPECT_EQ(Decoded(red.body).width, 16);
  EXPECT_GT(Decoded(red.body).pixels[0], 150);
  EXPECT_LT(Decoded(Get(UrlOf(id, "frame?t=3.9")).body).pixels[0], 60);
  const Answer again =
      Call(Method::kGet, UrlOf(id, "frame?t=0.5"), {.headers = {{"If-None-Match", red.header("ETag")}}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  for (const std::string bad : {"frame", "frame?t=", "frame?t=x", "frame?t=-1", "frame?t=99", "frame?t=nan"}) {
    const Answer answer = Get(UrlOf(id, bad));
    EXPECT_EQ(answer.status, 400) << bad;
    EXPECT_EQ(answer.field(), "t") << bad;
  }
  EXPECT_EQ(Get(UrlOf(id, "frame?t=0&max_side=3")).field(), "max_side");
}

TEST_F(MediaRoutesTest, PicturesHaveNoFrames) { EXPECT_EQ(Get(UrlOf(AddPicture(), "frame?t=0")).status, 404); }

TEST_F(MediaRoutesTest, OnlyTheFileThatWasIndexedIsServed) {
  testing::WriteTestFile(root() / "a.bmp", Picture(kRed));
  const uint64_t id =
      Post("/v1/collections/photos/items", fmt::format(R"({{"path": "{}"}})", (root() / "a.bmp").string()))
          .json()
          .at("item")
          .at("item_id")
          .to_number<uint64_t>();
  EXPECT_EQ(Get(UrlOf(id, "media")).status, 200);
  testing::WriteTestFile(root() / "a.bmp", Picture(kRed) + "more");
  EXPECT_EQ(Get(UrlOf(id, "media")).status, 404) << "another size";
  testing::WriteTestFile(root() / "a.bmp", std::string(Picture(kRed).size(), 'x'));
  EXPECT_EQ(Get(UrlOf(id, "media")).status, 404) << "no picture any more";
  fs::remove(root() / "a.bmp");
  EXPECT_EQ(Get(UrlOf(id, "media")).status, 404);
  EXPECT_EQ(Get(UrlOf(id, "thumbnail")).status, 200) << "the stored one stays";
}

// An import or a merge brings items with paths of another machine, which nobody here has ever read.
TEST_F(MediaRoutesTest, ItemsDoNotOpenFilesThatAreNoMedia) {
  testing::WriteTestFile(root() / "passwd", "root:x:0:0::/root:/bin/sh\n");
  const auto hosted = host_->Find("photos");
  ASSERT_TRUE(hosted);
  storage::Collection& collection = *(*hosted)->collection;
  const auto ids = collection.AllocateIds(1, 1);
  storage::WriteSet changes;
  storage::ItemRecord item;
  item.id = ids->first_item;
  item.paths = {{.path = (root() / "passwd").string(), .size_bytes = 26}};
  item.width = item.height = 10;
  item.units = {ids->first_unit};
  storage::NewUnit unit;
  unit.record.id = ids->first_unit;
  unit.record.item = item.id;
  unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = {1, 0, 0, 0, 0, 0, 0, 0}}};
  changes.put_items = {item};
  changes.put_units = {unit};
  ASSERT_THAT(collection.Commit(changes), IsOk());
  ASSERT_EQ(fs::file_size(root() / "passwd"), 26U);
  EXPECT_EQ(Get(UrlOf(item.id.value, "media")).status, 404);
  EXPECT_EQ(Get(UrlOf(item.id.value, "thumbnail")).status, 404);
}

}  // namespace
}  // namespace sightline::http
