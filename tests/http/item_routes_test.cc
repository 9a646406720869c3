// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <filesystem>
#include <stop_token>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "http/brought_item_internal.h"
#include "tests/http/api_fixture.h"
#include "tests/indexer/test_videos.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

using testing::Answer;
using ::testing::HasSubstr;

constexpr testing::Rgb kRed = {255, 0, 0};
constexpr testing::Rgb kBlue = {0, 0, 255};

class ItemRoutesTest : public testing::ApiFixture {
 protected:
  ItemRoutesTest() { Put("/v1/collections/photos"); }

  static std::string UrlOf(uint64_t id) { return fmt::format("/v1/collections/photos/items/{}", id); }
  uint64_t Add(testing::Rgb colour, const std::string& metadata = {}) {
    return IdOf(Upload("photos", Picture(colour), metadata));
  }
};

TEST_F(ItemRoutesTest, UploadIsAnItemThatCanBeFoundWhenItIsAnswered) {
  const Answer made = Upload("photos", Picture(kRed), R"({"album": ["Rome", "2024"], "stars": 5})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json().at("outcome"), "added");
  const json::value item = made.json().at("item");
  EXPECT_EQ(item.at("kind"), "picture");
  EXPECT_EQ(item.at("width"), 6);
  EXPECT_EQ(item.at("metadata").at("album").as_array().size(), 2U);
  EXPECT_EQ(made.header("Location"), UrlOf(IdOf(made)));
  const auto hosted = host_->Find("photos");
  ASSERT_TRUE(hosted);
  EXPECT_EQ((*hosted)->collection->View()->unit_count(), 1U);
  const Answer read = Get(UrlOf(IdOf(made)));
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.json(), item);
}

TEST_F(ItemRoutesTest, UploadOutlivesTheServer) {
  const uint64_t id = Add(kRed);
  Stop();
  Start();
  const Answer read = Get(UrlOf(id));
  ASSERT_EQ(read.status, 200);
  EXPECT_EQ(Get(fmt::format("/v1/items/photos/{}/media", id)).body, Picture(kRed));
}

TEST_F(ItemRoutesTest, SameUploadIsStoredOnce) {
  const uint64_t id = Add(kRed);
  const Answer again = Upload("photos", Picture(kRed), R"({"stars": 4})");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json().at("outcome"), "unchanged");
  EXPECT_EQ(IdOf(again), id);
  EXPECT_EQ(again.json().at("item").at("metadata").at("stars").at(0), 4);
  EXPECT_EQ(UploadedFiles(), 1U);
}

TEST_F(ItemRoutesTest, UploadOfWhatARegisteredFileHoldsJoinsItsItem) {
  testing::WriteTestFile(root() / "a.bmp", Picture(kRed));
  const Answer first =
      Post("/v1/collections/photos/items",
           fmt::format(R"({{"path": "{}", "metadata": {{"stars": 1}}}})", (root() / "a.bmp").string()));
  ASSERT_EQ(first.status, 201) << first.body;
  const Answer second = Upload("photos", Picture(kRed));
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.json().at("outcome"), "duplicate");
  EXPECT_EQ(IdOf(second), IdOf(first));
  EXPECT_EQ(second.json().at("item").at("paths").as_array().size(), 2U);
}

TEST_F(ItemRoutesTest, UploadThatIsNoPictureIsRefusedAndNotKept) {
  const Answer text = Upload("photos", "just words");
  EXPECT_EQ(text.status, 415);
  EXPECT_EQ(text.field(), "file");
  const Answer broken = Upload("photos", "\x89PNG\r\n\x1A\n and then nothing of the kind");
  EXPECT_EQ(broken.status, 400) << broken.body;
  EXPECT_EQ(broken.field(), "file");
  EXPECT_EQ(UploadedFiles(), 0U);
  EXPECT_EQ(Get("/v1/collections/photos/items").json().at("items").as_array().size(), 0U);
}

TEST_F(ItemRoutesTest, BadFormsNameTheirPart) {
  EXPECT_EQ(Upload("photos", "").field(), "file");
  EXPECT_EQ(Upload("photos", Picture(kRed), "[1]").field(), "metadata");
  EXPECT_EQ(Upload("photos", Picture(kRed), R"({"sightline.clips_planned": 4})").field(), "metadata");
  EXPECT_EQ(Call(Method::kPost, "/v1/collections/photos/items",
                 {.body = "x", .headers = {{"Content-Type", "multipart/form-data; boundary=a"}}})
                .status,
            400);
  EXPECT_EQ(Call(Method::kPost, "/v1/collections/photos/items",
                 {.body = "--a\r\nContent-Disposition: form-data; name=\"colour\"\r\n\r\nred\r\n--a--",
                  .headers = {{"Content-Type", "multipart/form-data; boundary=a"}}})
                .field(),
            "colour");
  EXPECT_EQ(
      Call(Method::kPost, "/v1/collections/photos/items", {.body = "x", .headers = {{"Content-Type", "text/plain"}}})
          .status,
      415);
  EXPECT_EQ(Upload("other", Picture(kRed)).status, 404);
}

TEST_F(ItemRoutesTest, PathsAreRegisteredBelowTheRootsOnly) {
  testing::TempDir outside;
  testing::WriteTestFile(outside / "secret.bmp", Picture(kRed));
  testing::WriteTestFile(root() / "a.bmp", Picture(kBlue));
  fs::create_symlink(outside / "secret.bmp", root() / "link.bmp");
  const auto register_path = [&](const std::string& path) {
    return Post("/v1/collections/photos/items", fmt::format(R"({{"path": "{}"}})", path));
  };
  EXPECT_EQ(register_path((root() / "a.bmp").string()).status, 201);
  for (const fs::path& path : {outside / "secret.bmp", root() / "link.bmp", fs::path("/etc/passwd"),
                               root() / ".." / ".." / "etc" / "passwd", fs::path("a.bmp")}) {
    const Answer answer = register_path(path.string());
    EXPECT_EQ(answer.status, 400) << path;
    EXPECT_EQ(answer.field(), "/path") << path;
  }
  EXPECT_EQ(register_path((root() / "gone.bmp").string()).status, 404);
  EXPECT_EQ(register_path(root().string()).status, 400) << "a folder is a job's";
  EXPECT_EQ(Post("/v1/collections/photos/items", R"({"path": 5})").field(), "/path");
  EXPECT_EQ(Post("/v1/collections/photos/items", R"({})").field(), "/path");
  EXPECT_EQ(Get("/v1/collections/photos/items").json().at("items").as_array().size(), 1U);
}

TEST_F(ItemRoutesTest, VideoBecomesAJobAndKeepsWhatWasSaidAboutIt) {
  const Answer taken = Upload("photos", testing::AviBytes(testing::Hues(9)), R"({"event": "race"})");
  ASSERT_EQ(taken.status, 202) << taken.body;
  EXPECT_EQ(taken.json().at("outcome"), "queued");
  EXPECT_TRUE(taken.json().at("item").is_null());
  const auto job = WaitForJob("photos", taken.json().at("job").at("id").to_number<uint64_t>());
  EXPECT_EQ(job.at("state"), "finished") << job;
  EXPECT_EQ(job.at("items_added"), 1) << job;
  const auto items = Get("/v1/collections/photos/items").json().at("items").as_array();
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].at("kind"), "video");
  EXPECT_EQ(items[0].at("metadata").at("event").at(0), "race");
  EXPECT_EQ(UploadedFiles(), 2U) << "the video and its manifest";
  EXPECT_EQ(Delete(UrlOf(items[0].at("item_id").to_number<uint64_t>())).status, 204);
  EXPECT_EQ(UploadedFiles(), 0U);
}

TEST_F(ItemRoutesTest, CollectionOfRawVectorsTakesNoFiles) {
  Put("/v1/collections/raw", R"({"dim": 4})");
  const Answer answer = Upload("raw", Picture(kRed));
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.code(), "failed_precondition");
  EXPECT_EQ(UploadedFiles(), 0U);
}

TEST_F(ItemRoutesTest, UploadThatComesTooLateIsNotKept) {
  encoder_->delay = std::chrono::milliseconds(50);
  std::stop_source gone;
  gone.request_stop();
  const Answer answer =
      Call(Method::kPost, "/v1/collections/photos/items",
           {.body = "--a\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n" + Picture(kRed) + "\r\n--a--",
            .headers = {{"Content-Type", "multipart/form-data; boundary=a"}},
            .limits = {.stop = gone.get_token()}});
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(UploadedFiles(), 0U);
}

TEST_F(ItemRoutesTest, ItemsAreListedInPages) {
  std::vector<uint64_t> ids;
  for (uint32_t i = 0; i < 5; ++i) ids.push_back(Add(testing::ColourNumber(i), fmt::format(R"({{"n": {}}})", i)));
  const auto page = [&](const std::string& query) { return Get("/v1/collections/photos/items" + query); };
  const json::value first = page("?limit=2").json();
  ASSERT_EQ(first.at("items").as_array().size(), 2U);
  EXPECT_EQ(first.at("items").at(1).at("item_id"), ids[1]);
  EXPECT_EQ(first.at("next"), ids[1]);
  const json::value second = page(fmt::format("?limit=2&after={}", ids[1])).json();
  EXPECT_EQ(second.at("items").at(0).at("item_id"), ids[2]);
  const json::value third = page(fmt::format("?limit=2&after={}", ids[3])).json();
  EXPECT_EQ(third.at("items").as_array().size(), 1U);
  EXPECT_TRUE(third.at("next").is_null());
  EXPECT_TRUE(page("?limit=5").json().at("next").is_null());
  const json::value some = page(R"(?filter={"must":[{"key":"n","range":{"gte":3}}]})").json();
  EXPECT_EQ(some.at("items").as_array().size(), 2U);
  const std::string path(page("?limit=1").json().at("items").at(0).at("paths").at(0).as_string());
  EXPECT_EQ(page("?path=" + path).json().at("items").at(0).at("item_id"), ids[0]);
  EXPECT_EQ(page("?path=/gone").json().at("items").as_array().size(), 0U);
  EXPECT_EQ(page("?limit=0").field(), "limit");
  EXPECT_EQ(page("?limit=1001").field(), "limit");
  EXPECT_EQ(page("?after=x").field(), "after");
  EXPECT_EQ(page("?filter=x").field(), "filter");
  EXPECT_EQ(page("?page=2").field(), "page");
}

TEST_F(ItemRoutesTest, MetadataIsPatchedKeyByKey) {
  const uint64_t id = Add(kRed, R"({"album": "Rome", "stars": 5, "note": "x"})");
  const Answer patched = Patch(UrlOf(id), R"({"metadata": {"album": ["Naples", "2024"], "stars": null, "new": true}})");
  ASSERT_EQ(patched.status, 200) << patched.body;
  const json::value expected = json::parse(R"({"album": ["Naples", "2024"], "new": [true], "note": ["x"]})");
  EXPECT_EQ(patched.json().at("metadata"), expected);
  EXPECT_EQ(Get(UrlOf(id)).json().at("metadata"), expected);
  const auto found =
      Get(R"(/v1/collections/photos/items?filter={"must":[{"key":"album","match":{"value":"Naples"}}]})");
  EXPECT_EQ(found.json().at("items").as_array().size(), 1U) << "filters see the new values";
}

TEST_F(ItemRoutesTest, MetadataIsLimitedHoweverItComes) {
  const auto words = [](char first, size_t size) {
    return fmt::format(R"({{"{}": "{}"}})", first, std::string(size, 'x'));
  };
  const Answer uploaded = Upload("photos", Picture(kBlue), words('a', kMaxMetadataBytes));
  EXPECT_EQ(uploaded.status, 400);
  EXPECT_EQ(uploaded.field(), "metadata");
  const uint64_t id = Add(kRed, words('a', kMaxMetadataBytes * 2 / 3));
  const auto patch = [&](const std::string& metadata) {
    return Patch(UrlOf(id), fmt::format(R"({{"metadata": {}}})", metadata));
  };
  const Answer grown = patch(words('b', kMaxMetadataBytes / 2));
  EXPECT_EQ(grown.status, 400);
  EXPECT_EQ(grown.field(), "/metadata");
  EXPECT_EQ(patch(words('a', kMaxMetadataBytes / 2)).status, 200);
}

TEST_F(ItemRoutesTest, PagesEndEarlyWhereItemsAreLarge) {
  const std::string large = fmt::format(R"({{"a": "{}"}})", std::string(kMaxMetadataBytes * 9 / 10, 'x'));
  for (uint32_t i = 0; i < 11; ++i) Add(testing::ColourNumber(i), large);
  const json::value first = Get("/v1/collections/photos/items").json();
  EXPECT_EQ(first.at("items").as_array().size(), 9U) << "8 MiB";
  const uint64_t next = first.at("next").to_number<uint64_t>();
  const json::value second = Get(fmt::format("/v1/collections/photos/items?after={}", next)).json();
  EXPECT_EQ(second.at("items").as_array().size(), 2U);
  EXPECT_TRUE(second.at("next").is_null());
}

TEST_F(ItemRoutesTest, PatchOfWhatChangedSinceIsRefused) {
  const uint64_t id = Add(kRed, R"({"stars": 5})");
  const std::string etag = Get(UrlOf(id)).header("ETag");
  const auto patch = [&](const std::string& if_match) {
    return Call(Method::kPatch, UrlOf(id),
                {.body = R"({"metadata": {"stars": 4}})",
                 .headers = {{"Content-Type", "application/json"}, {"If-Match", if_match}}});
  };
  EXPECT_EQ(patch("\"another\"").status, 412);
  const Answer patched = patch("\"another\", " + etag);
  EXPECT_EQ(patched.status, 200);
  EXPECT_NE(patched.header("ETag"), etag);
  EXPECT_EQ(patch(etag).status, 412);
  EXPECT_EQ(patch("*").status, 200);
}

TEST_F(ItemRoutesTest, BadPatchesNameTheirField) {
  const uint64_t id = Add(kRed);
  EXPECT_EQ(Patch(UrlOf(id), "{}").field(), "/metadata");
  EXPECT_EQ(Patch(UrlOf(id), R"({"metadata": [1]})").field(), "/metadata");
  EXPECT_EQ(Patch(UrlOf(id), R"({"metadata": {"a": {"b": 1}}})").field(), "/metadata");
  EXPECT_EQ(Patch(UrlOf(id), R"({"metadata": {"sightline.x/y": null}})").field(), "/metadata/sightline.x~1y");
  EXPECT_EQ(Patch(UrlOf(id), R"({"metadata": {}, "paths": []})").field(), "/paths");
  EXPECT_EQ(Patch(UrlOf(id + 1), R"({"metadata": {}})").status, 404);
  EXPECT_EQ(Patch(UrlOf(0), R"({"metadata": {}})").status, 404);
  EXPECT_EQ(Get("/v1/collections/photos/items/x").status, 404);
  EXPECT_EQ(Get("/v1/collections/photos/items/-1").status, 404);
}

TEST_F(ItemRoutesTest, WordsOfACaptionStayWhatWasEmbedded) {
  testing::WriteTestFile(root() / "captions.jsonl", R"({"id": "1", "text": "a red car"})"
                                                    "\n");
  const auto job = RunJob("photos", fmt::format(R"({{"captions": ["{}"]}})", (root() / "captions.jsonl").string()));
  ASSERT_EQ(job.at("items_added"), 1) << job;
  const auto items = Get("/v1/collections/photos/items").json().at("items").as_array();
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].at("text"), "a red car");
  EXPECT_TRUE(items[0].at("media_url").is_null());
  const uint64_t id = items[0].at("item_id").to_number<uint64_t>();
  const Answer refused = Patch(UrlOf(id), R"({"metadata": {"text": "a blue car"}})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.field(), "/metadata/text");
  EXPECT_EQ(Patch(UrlOf(id), R"({"metadata": {"stars": 3}})").status, 200);
  EXPECT_EQ(Get(fmt::format("/v1/items/photos/{}/media", id)).status, 404);
  EXPECT_EQ(Get(fmt::format("/v1/items/photos/{}/thumbnail", id)).status, 404);
}

TEST_F(ItemRoutesTest, DeletedItemIsGoneWithItsUpload) {
  const uint64_t id = Add(kRed);
  EXPECT_EQ(Delete(UrlOf(id)).status, 204);
  EXPECT_EQ(Get(UrlOf(id)).status, 404);
  EXPECT_EQ(Delete(UrlOf(id)).status, 404);
  EXPECT_EQ(UploadedFiles(), 0U);
  EXPECT_NE(Add(kRed), id) << "ids are never used again";
}

TEST_F(ItemRoutesTest, DeletedItemLeavesTheFilesOfOthersAlone) {
  testing::WriteTestFile(root() / "a.bmp", Picture(kRed));
  const Answer made =
      Post("/v1/collections/photos/items", fmt::format(R"({{"path": "{}"}})", (root() / "a.bmp").string()));
  EXPECT_EQ(Delete(UrlOf(IdOf(made))).status, 204);
  EXPECT_TRUE(fs::exists(root() / "a.bmp"));
}

// An upload and a removal of the same content: whichever comes first, an item has its file and a file its item.
TEST_F(ItemRoutesTest, UploadsAndRemovalsOfTheSameContentLeaveNoHalves) {
  std::jthread removing([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto items = Get("/v1/collections/photos/items").json().at("items").as_array();
      for (const auto& item : items) Delete(UrlOf(item.at("item_id").to_number<uint64_t>()));
    }
  });
  for (int i = 0; i < 20; ++i) {
    const Answer answer = Upload("photos", Picture(kRed));
    EXPECT_THAT(answer.status, ::testing::AnyOf(200, 201, 503)) << answer.body;
  }
  removing.request_stop();
  removing.join();
  const auto items = Get("/v1/collections/photos/items").json().at("items").as_array();
  EXPECT_EQ(items.size(), UploadedFiles());
}

}  // namespace
}  // namespace sightline::http
