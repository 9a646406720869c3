// SPDX-License-Identifier: BSD-3-Clause
#include "http/search_route.h"

#include <algorithm>
#include <chrono>

#include "http/base64.h"
#include "tests/http/refusing_gatherer.h"
#include "tests/http/search_fixture.h"

namespace sightline::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SearchRouteTest : public SearchRouteFixture {
 protected:
  void ExpectProblem(const std::string& body, int status, const std::string& field, const std::string& detail) {
    const Response response = Post(body);
    EXPECT_EQ(response.status, status) << body;
    const boost::json::value problem = Json(response);
    const auto* at = problem.as_object().if_contains("field");
    EXPECT_EQ(at == nullptr ? "" : std::string(at->as_string()), field) << body;
    EXPECT_THAT(std::string(problem.at("detail").as_string()), HasSubstr(detail)) << body;
  }

  static std::string Base64(const ImageRgb8& picture) {
    const std::string png = Png(picture);
    return EncodeBase64(std::as_bytes(std::span(png)));
  }
};

TEST_F(SearchRouteTest, WordsAnswerWithEverythingThatAHitHas) {
  AddReds(3);
  const boost::json::value answer = Search(R"({"query": {"text": "Red"}, "top_k": 2})");
  EXPECT_THAT(Paths(answer), ElementsAre("/p/red0.png", "/p/red1.png"));
  EXPECT_EQ(answer.at("collection"), "photos");
  EXPECT_EQ(answer.at("query").at("text"), "Red");
  EXPECT_EQ(answer.at("query").at("cleaned"), "red");
  EXPECT_EQ(answer.at("reranked").to_number<int>(), 3);
  EXPECT_EQ(answer.at("searched").to_number<int>(), 3);
  EXPECT_EQ(answer.at("degraded"), false);
  EXPECT_TRUE(answer.at("degraded_reason").is_null());
  EXPECT_FALSE(answer.as_object().contains("explain"));
  for (const char* stage : {"queue", "encode", "coarse", "patches", "rerank", "total"}) {
    EXPECT_GE(answer.at("timings_ms").at(stage).to_number<double>(), 0) << stage;
  }
  const boost::json::value& hit = answer.at("hits").at(0);
  EXPECT_EQ(hit.at("type"), "image");
  EXPECT_GT(hit.at("match_probability").to_number<double>(), 0);
  EXPECT_TRUE(hit.at("start_ms").is_null());
  EXPECT_EQ(hit.at("metadata").at("album").at(0), "Rome");
  const std::string id = std::to_string(hit.at("item_id").to_number<uint64_t>());
  EXPECT_THAT(std::string(hit.at("thumbnail_url").as_string()), HasSubstr("/v1/items/photos/" + id + "/thumbnail"));
  EXPECT_EQ(std::string(hit.at("media_url").as_string()), "/v1/items/photos/" + id + "/media");
  EXPECT_TRUE(hit.at("frame_url").is_null());
}

TEST_F(SearchRouteTest, PicturesComeInBase64InAFormAndAsAnItem) {
  AddReds(3);
  const ItemId blue = Add(Picture(0, 0, 255), "/p/blue.png");
  const std::string in_json = R"({"query": {"image_base64": ")" + Base64(Picture(0, 0, 255)) + R"("}, "top_k": 1})";
  EXPECT_THAT(Paths(Search(in_json)), ElementsAre("/p/blue.png"));
  const std::string form =
      "--x\r\nContent-Disposition: form-data; name=\"request\"\r\n\r\n{\"top_k\": 1}\r\n"
      "--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n" +
      Png(Picture(0, 0, 255)) + "\r\n--x--\r\n";
  const Response uploaded = Post(form, {{"Content-Type", "multipart/form-data; boundary=x"}});
  ASSERT_EQ(uploaded.status, 200) << std::get<std::string>(uploaded.body);
  EXPECT_THAT(Paths(Json(uploaded)), ElementsAre("/p/blue.png"));
  EXPECT_TRUE(Json(uploaded).at("hits").at(0).at("match_probability").is_null());
  const boost::json::value like =
      Search(R"({"query": {"item_id": )" + std::to_string(blue.value) + R"(}, "top_k": 10})");
  EXPECT_EQ(like.at("hits").as_array().size(), 3U) << "more like this does not mean this";
  const boost::json::value joined =
      Search(R"({"query": {"text": "red", "image_base64": ")" + Base64(Picture(0, 0, 255)) + R"("}})");
  EXPECT_GT(joined.at("reranked").to_number<int>(), 0);
}

TEST_F(SearchRouteTest, PicturesOfSearchesThatWaitAreSmall) {
  std::vector<int> widths;
  (*host_->Find("photos"))->gatherer = WidthsOfPictures(widths);
  const ImageRgb8 large = {.width = 640, .height = 480, .pixels = std::vector<uint8_t>(640 * 480 * 3, 7)};
  EXPECT_EQ(Post(R"({"query": {"image_base64": ")" + Base64(large) + R"("}})").status, 503);
  EXPECT_THAT(widths, ElementsAre(encoder_->info().config.vision.image_res));
}

TEST_F(SearchRouteTest, VectorsFiltersTypesAndExplanations) {
  AddReds(3);
  const boost::json::value vector =
      Search(R"({"query": {"vector": [1, 0, 0, 0.05, 0, 0, 0, 0]}, "filter": {"must": {"key": "album",
                "match": {"value": "Naples"}}}, "types": ["image"], "explain": true})");
  EXPECT_THAT(Paths(vector), ElementsAre("/p/red1.png", "/p/red2.png"));
  EXPECT_EQ(vector.at("query").at("vector"), "a vector of 8 numbers");
  EXPECT_EQ(vector.at("explain").at("coarse").at("units_found").to_number<int>(), 2);
  EXPECT_THAT(Paths(Search(R"({"query": {"text": "red"}, "types": ["text"]})")), IsEmpty());
}

TEST_F(SearchRouteTest, RerankAndMinMatchAreKeptTo) {
  AddReds(3);
  const boost::json::value coarse = Search(R"({"query": {"text": "red"}, "rerank": {"depth": 0}})");
  EXPECT_EQ(coarse.at("reranked").to_number<int>(), 0);
  EXPECT_TRUE(coarse.at("hits").at(0).at("match_probability").is_null());
  const boost::json::value none = Search(R"({"query": {"text": "green"}, "rerank": {"min_match": 0.999}})");
  EXPECT_THAT(Paths(none), IsEmpty());
  EXPECT_EQ(none.at("below_min_match").to_number<int>(), 3);
}

TEST_F(SearchRouteTest, WhatIsWrongIsNamedWithItsPlace) {
  ExpectProblem("", 400, "", "");
  ExpectProblem("[]", 400, "", "object");
  ExpectProblem("{}", 400, "", "nothing to search for");
  ExpectProblem(R"({"query": {"text": "a"}, "topk": 3})", 400, "/topk", "");
  ExpectProblem(R"({"query": {"words": "a"}})", 400, "/query/words", "");
  ExpectProblem(R"({"query": {"text": 7}})", 400, "/query/text", "");
  ExpectProblem(R"({"query": {"text": ")" + std::string(65'537, 'a') + R"("}})", 400, "/query/text", "65537 bytes");
  ExpectProblem(R"({"query": {"text": "a"}, "top_k": 0})", 400, "/top_k", "");
  ExpectProblem(R"({"query": {"text": "a"}, "top_k": 1001})", 400, "/top_k", "");
  ExpectProblem(R"({"query": {"text": "a"}, "rerank": {"depth": 1025}})", 400, "/rerank/depth", "");
  ExpectProblem(R"({"query": {"text": "a"}, "rerank": {"min_match": 1.5}})", 400, "/rerank/min_match", "");
  ExpectProblem(R"({"query": {"text": "a"}, "types": ["image", "audio"]})", 400, "/types/1", "clip");
  ExpectProblem(R"({"query": {"text": "a"}, "group_by": "day"})", 400, "/group_by", "video");
  ExpectProblem(R"({"query": {"text": "a"}, "group_size": 101})", 400, "/group_size", "");
  ExpectProblem(R"({"query": {"text": "a"}, "filter": {"must": [{"key": "a"}]}})", 400, "/filter", "must[0]");
  ExpectProblem(R"({"query": {"text": "a"}, "types": ["image"], "filter": {"type": ["clip"]}})", 400, "/types", "both");
  ExpectProblem(R"({"query": {"item_id": -1}})", 400, "/query/item_id", "");
  ExpectProblem(R"({"query": {"item_id": 77}})", 404, "", "77");
  ExpectProblem(R"({"query": {"vector": [1, 2]}})", 400, "", "2 numbers");
  ExpectProblem(R"({"query": {"vector": []}})", 400, "", "0 numbers");
  ExpectProblem(R"({"query": {"image_base64": "?"}})", 400, "/query/image_base64", "");
  ExpectProblem(R"({"query": {"image_base64": "aGVsbG8="}})", 422, "/query/image_base64", "");
  ExpectProblem(R"({"query": {"image_base64": "aGVsbG8=", "image_url": "http://a/b"}})", 400, "/query", "one of");
  ExpectProblem(R"({"query": {"text": "a"}, "cursor": "x"})", 400, "/cursor", "not a cursor");
  ExpectProblem(R"({"query": {"text": "??"}})", 400, "", "");
}

TEST_F(SearchRouteTest, AddressesAreRefusedUnlessTheyAreTurnedOn) {
  const Response response = Post(R"({"query": {"image_url": "http://127.0.0.1/a.png"}})");
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(Json(response).at("field"), "/query/image_url");
}

TEST_F(SearchRouteTest, UnknownCollectionsAre404) {
  EXPECT_EQ(Post(R"({"query": {"text": "a"}})", {}, {}, "nothing").status, 404);
}

TEST_F(SearchRouteTest, PagesGoOnWhereTheLastOneEnded) {
  AddReds(7);
  const auto page = [](const std::string& cursor) {
    return R"({"query": {"text": "red"}, "top_k": 3, "cursor": )" + cursor + "}";
  };
  const boost::json::value all = Search(R"({"query": {"text": "red"}, "top_k": 100})");
  EXPECT_TRUE(all.at("cursor").is_null()) << "there is nothing beyond";
  std::vector<std::string> paths;
  std::string cursor = "null";
  for (int i = 0; i < 3; ++i) {
    const boost::json::value answer = Search(page(cursor));
    const std::vector<std::string> some = Paths(answer);
    EXPECT_EQ(some.size(), i < 2 ? 3U : 1U);
    paths.insert(paths.end(), some.begin(), some.end());
    cursor = boost::json::serialize(answer.at("cursor"));
  }
  EXPECT_EQ(cursor, "null");
  EXPECT_EQ(paths, Paths(all));
}

TEST_F(SearchRouteTest, ThePagesOfAnAnswerSeeOneState) {
  AddReds(6);
  const std::vector<std::string> all = Paths(Search(R"({"query": {"text": "red"}, "top_k": 100})"));
  const boost::json::value first = Search(R"({"query": {"text": "red"}, "top_k": 3})");
  // Redder than all of them: a new search shows it first.
  Add(Picture(255, 0, 0), "/p/reddest.png");
  const std::string cursor(first.at("cursor").as_string());
  const boost::json::value second = Search(R"({"top_k": 3, "cursor": ")" + cursor + R"(", "query": {"text": "red"}})");
  EXPECT_EQ(second.at("epoch"), first.at("epoch"));
  EXPECT_EQ(Paths(second), std::vector<std::string>(all.begin() + 3, all.end()));
  EXPECT_EQ(Paths(Search(R"({"query": {"text": "red"}, "top_k": 1})")), std::vector<std::string>{"/p/reddest.png"});
}

TEST_F(SearchRouteTest, WhatIsRemovedBetweenPagesTakesNothingElseAway) {
  AddReds(9);
  const std::vector<std::string> all = Paths(Search(R"({"query": {"text": "red"}, "top_k": 100})"));
  const boost::json::value first = Search(R"({"query": {"text": "red"}, "top_k": 3})");
  const auto remove = [&](size_t place) {
    const storage::Collection& collection = *(*host_->Find("photos"))->collection;
    storage::WriteSet changes;
    changes.remove_items = {*collection.records().FindItem(all[place]).value()};
    EXPECT_THAT((*host_->Find("photos"))->collection->Commit(changes), testing::IsOk());
  };
  remove(0);
  remove(2);  // The last one of the page.
  const auto page = [&](const boost::json::value& before) {
    return Search(R"({"query": {"text": "red"}, "top_k": 3, "cursor": )" + boost::json::serialize(before.at("cursor")) +
                  "}");
  };
  const boost::json::value second = page(first);
  EXPECT_THAT(Paths(second), ElementsAre(all[3], all[4], all[5]));
  for (const size_t place : {1, 3, 4, 5}) remove(place);  // Nothing of what was shown is left.
  const boost::json::value third = page(second);
  EXPECT_THAT(Paths(third), ElementsAre(all[6], all[7], all[8]));
  EXPECT_TRUE(third.at("cursor").is_null());
}

TEST_F(SearchRouteTest, DepthIsTheCollectionsUnlessItIsAskedFor) {
  AddReds(6);
  ASSERT_THAT((*host_->Find("photos"))->collection->SetSettings({.rerank_depth = 2}), testing::IsOk());
  EXPECT_EQ(Search(R"({"query": {"text": "red"}})").at("reranked").to_number<int>(), 2);
  EXPECT_EQ(Search(R"({"query": {"text": "red"}, "rerank": {"depth": null}})").at("reranked").to_number<int>(), 2);
  EXPECT_EQ(Search(R"({"query": {"text": "red"}, "rerank": {"depth": 4}})").at("reranked").to_number<int>(), 4);
}

TEST_F(SearchRouteTest, APageKeepsTheDepthOfTheFirst) {
  AddReds(6);
  const boost::json::value first = Search(R"({"query": {"text": "red"}, "top_k": 2, "rerank": {"depth": 4}})");
  const std::string cursor(first.at("cursor").as_string());
  const boost::json::value second =
      Search(R"({"query": {"text": "red"}, "top_k": 2, "rerank": {"depth": 4}, "cursor": ")" + cursor + R"("})");
  EXPECT_EQ(second.at("reranked").to_number<int>(), 4);
  EXPECT_TRUE(second.at("hits").at(1).at("match_probability").is_double());
}

TEST_F(SearchRouteTest, APageOfASearchThatStoppedEarlyGoesOnInItsOrder) {
  AddReds(40);
  const std::string query = R"({"query": {"text": "red"}, "top_k": 20, "explain": true)";
  ASSERT_THAT((*host_->Find("photos"))->collection->SetSettings({.stop_margin = -20}), testing::IsOk());
  const boost::json::value first = Search(query + "}");
  EXPECT_EQ(first.at("reranked").to_number<int>(), 20);
  EXPECT_EQ(first.at("degraded"), false);
  EXPECT_EQ(first.at("explain").at("rerank").at("depth").to_number<int>(), 64);
  EXPECT_EQ(first.at("explain").at("rerank").at("stopped_at").to_number<int>(), 20);
  const std::string cursor(first.at("cursor").as_string());
  const boost::json::value second = Search(query + R"(, "cursor": ")" + cursor + R"("})");
  EXPECT_EQ(second.at("reranked").to_number<int>(), 20);
  std::vector<std::string> paths = Paths(first);
  for (const std::string& path : Paths(second)) paths.push_back(path);
  std::sort(paths.begin(), paths.end());
  EXPECT_EQ(std::unique(paths.begin(), paths.end()) - paths.begin(), 40);
}

TEST_F(SearchRouteTest, ACursorOfAnotherSearchIsRefused) {
  AddReds(6);
  const boost::json::value first = Search(R"({"query": {"text": "red"}, "top_k": 3})");
  const std::string cursor(first.at("cursor").as_string());
  ExpectProblem(R"({"query": {"text": "blue"}, "top_k": 3, "cursor": ")" + cursor + R"("})", 400, "/cursor",
                "another search");
}

TEST_F(SearchRouteTest, ACursorWhoseStateIsGoneIsSaidToBeExpired) {
  AddReds(6);
  const boost::json::value first = Search(R"({"query": {"text": "red"}, "top_k": 3})");
  const std::string cursor(first.at("cursor").as_string());
  (*host_->Find("photos"))->views.Clear();
  const std::string page = R"({"query": {"text": "red"}, "top_k": 3, "cursor": ")" + cursor + R"("})";
  EXPECT_EQ(Search(page).at("hits").as_array().size(), 3U) << "the newest state is always there";
  (*host_->Find("photos"))->views.Clear();
  Add(Picture(255, 0, 0), "/p/reddest.png");
  const Response response = Post(page);
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(Json(response).at("code"), "cursor_expired");
}

TEST_F(SearchRouteTest, ADeadlineThatHasPassedIs503WithRetryAfter) {
  AddReds(1);
  const Response response = Post(R"({"query": {"text": "red"}})", {}, Limits::After(std::chrono::seconds(-1)));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.Find("Retry-After"), "1");
  EXPECT_EQ(Json(response).at("code"), "deadline_exceeded");
}

}  // namespace
}  // namespace sightline::http
