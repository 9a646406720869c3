// SPDX-License-Identifier: BSD-3-Clause
// Items that come as JSON: uploads in base64 and captions.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "http/base64.h"
#include "tests/http/api_fixture.h"
#include "tests/indexer/test_videos.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

using testing::Answer;

constexpr testing::Rgb kRed = {255, 0, 0};

class ItemJsonTest : public testing::ApiFixture {
 protected:
  ItemJsonTest() { Put("/v1/collections/photos"); }

  Answer Add(const json::object& body) { return Post("/v1/collections/photos/items", json::serialize(body)); }
  Answer AddBase64(const std::string& content, json::object more = {}) {
    more["content_base64"] = EncodeBase64(std::as_bytes(std::span(content)));
    return Add(more);
  }
  static std::string UrlOf(uint64_t id) { return fmt::format("/v1/collections/photos/items/{}", id); }
  /// Ids of the captions that words find.
  std::vector<uint64_t> FindTexts(const std::string& words) {
    const Answer answer = Post("/v1/collections/photos/search",
                               fmt::format(R"({{"query": {{"text": "{}"}}, "types": ["text"]}})", words));
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<uint64_t> ids;
    const auto hits = answer.json().at("hits").as_array();
    for (const auto& hit : hits) ids.push_back(hit.at("item_id").to_number<uint64_t>());
    return ids;
  }
};

TEST_F(ItemJsonTest, UploadInBase64IsTheUploadOfItsBytes) {
  const Answer made = AddBase64(Picture(kRed), {{"name", "rome.bmp"}, {"metadata", {{"album", "Rome"}}}});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json().at("item").at("metadata"), json::parse(R"({"album": ["Rome"]})"));
  EXPECT_EQ(Get(fmt::format("/v1/items/photos/{}/media", IdOf(made))).body, Picture(kRed));
  const Answer again = Upload("photos", Picture(kRed));
  EXPECT_EQ(again.json().at("outcome"), "unchanged");
  EXPECT_EQ(IdOf(again), IdOf(made));
  EXPECT_EQ(UploadedFiles(), 1U);
  Stop();
  Start();
  EXPECT_EQ(Get(UrlOf(IdOf(made))).status, 200) << "it is durable";
  EXPECT_EQ(Delete(UrlOf(IdOf(made))).status, 204);
  EXPECT_EQ(UploadedFiles(), 0U);
}

TEST_F(ItemJsonTest, VideoInBase64BecomesAJob) {
  const Answer taken = AddBase64(testing::AviBytes(testing::Hues(9)), {{"metadata", {{"event", "race"}}}});
  ASSERT_EQ(taken.status, 202) << taken.body;
  const auto job = WaitForJob("photos", taken.json().at("job").at("id").to_number<uint64_t>());
  EXPECT_EQ(job.at("items_added"), 1) << job;
}

TEST_F(ItemJsonTest, UploadsThatCannotBeReadAreRefusedAndNotKept) {
  const auto refused = [&](const Answer& answer, int status) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.field(), "/content_base64");
  };
  refused(Add({{"content_base64", "!"}}), 400);
  refused(Add({{"content_base64", ""}}), 400);
  refused(Add({{"content_base64", 5}}), 400);
  refused(AddBase64("just words"), 415);
  refused(AddBase64("\x89PNG\r\n\x1A\n and then nothing of the kind"), 400);
  EXPECT_EQ(UploadedFiles(), 0U);
}

TEST_F(ItemJsonTest, CaptionIsFoundAndDeleted) {
  const uint64_t picture = IdOf(AddBase64(Picture(kRed)));
  const Answer made = Add({{"text", "a red car"}, {"item_id", picture}, {"metadata", {{"lang", "en"}}}});
  ASSERT_EQ(made.status, 201) << made.body;
  const json::value item = made.json().at("item");
  EXPECT_EQ(item.at("kind"), "caption");
  EXPECT_EQ(item.at("text"), "a red car");
  EXPECT_EQ(item.at("metadata").at("lang").at(0), "en");
  const json::value of = Get(UrlOf(picture)).json();
  EXPECT_EQ(item.at("metadata").at("caption_of").at(0), of.at("paths").at(0));
  EXPECT_EQ(FindTexts("red"), std::vector{IdOf(made)});
  Stop();
  Start();
  EXPECT_EQ(FindTexts("red"), std::vector{IdOf(made)}) << "it is durable";
  EXPECT_EQ(Delete(UrlOf(IdOf(made))).status, 204);
  EXPECT_TRUE(FindTexts("red").empty());
  EXPECT_EQ(UploadedFiles(), 1U) << "the picture's";
}

TEST_F(ItemJsonTest, CaptionIsKnownByItsIdOrByItsWords) {
  const uint64_t first = IdOf(Add({{"text", "a red car"}}));
  const Answer again = Add({{"text", "a red car"}});
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json().at("outcome"), "unchanged");
  EXPECT_EQ(IdOf(again), first);
  const Answer named = Add({{"text", "a blue car"}, {"id", "42"}});
  EXPECT_EQ(named.json().at("item").at("paths").at(0), "caption://42");
  const Answer changed = Add({{"text", "a green car"}, {"id", "42"}});
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.json().at("outcome"), "updated");
  EXPECT_EQ(IdOf(changed), IdOf(named));
  EXPECT_EQ(FindTexts("car").size(), 2U);
}

TEST_F(ItemJsonTest, BadBodiesNameTheirField) {
  const auto field = [&](const json::object& body) {
    const Answer answer = Add(body);
    EXPECT_EQ(answer.status, 400) << answer.body;
    return answer.field();
  };
  EXPECT_EQ(field({{"text", "x"}, {"path", "/x"}}), "/path");
  EXPECT_EQ(field({{"text", " \n"}}), "/text");
  EXPECT_EQ(field({{"text", "x"}, {"id", ""}}), "/id");
  EXPECT_EQ(field({{"text", "x"}, {"id", "a\nb"}}), "/id");
  EXPECT_EQ(field({{"text", "x"}, {"name", "y"}}), "/name");
  EXPECT_EQ(field({{"path", "/x"}, {"id", "y"}}), "/id");
  EXPECT_EQ(field({{"content_base64", "AAAA"}, {"item_id", 1}}), "/item_id");
  EXPECT_EQ(field({{"text", "x"}, {"metadata", {{"caption_of", "y"}}}}), "/metadata/caption_of");
  EXPECT_EQ(field({{"text", "x"}, {"metadata", {{"sightline.truncated", true}}}}), "/metadata");
  const Answer missing = Add({{"text", "x"}, {"item_id", 77}});
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.field(), "/item_id");
  Put("/v1/collections/raw", R"({"dim": 4})");
  EXPECT_EQ(Post("/v1/collections/raw/items", R"({"text": "x"})").status, 409);
}

}  // namespace
}  // namespace sightline::http
