// SPDX-License-Identifier: BSD-3-Clause
// /v1/rerank and /v2/rerank
#include "tests/http/compat_fixture.h"

namespace sightline::http {
namespace {

class RerankRouteTest : public FilledCompatTest {
 protected:
  static std::vector<int> Order(const Answer& answer) {
    std::vector<int> order;
    if (answer.status != 200) {
      ADD_FAILURE() << json::serialize(answer.body);
      return order;
    }
    for (const json::value& result : answer.body.at("results").as_array()) {
      order.push_back(result.at("index").to_number<int>());
    }
    return order;
  }
};

// As cohere 7.3.1 for Python sends it, from ClientV2 and from Client.
TEST_F(RerankRouteTest, CohereClientsGetWhatTheyKnow) {
  const Answer two = Post("/v2/rerank", R"({"model":"sightline","query":"red","documents":["blue","red"],"top_n":1})");
  EXPECT_EQ(Order(two), std::vector<int>({1}));
  EXPECT_EQ(two.body.at("id"), "r-1");
  EXPECT_EQ(two.body.at("meta").at("api_version").at("version"), "2");
  EXPECT_NEAR(two.body.at("results").at(0).at("relevance_score").as_double(), 1.0, 1e-5);
  EXPECT_EQ(two.body.at("results").at(0).at("scored_by"), "embedding");
  const Answer one = Post(
      "/v1/rerank",
      R"({"model":"sightline","query":"red","documents":["blue",{"text":"red"}],"top_n":2,"return_documents":true})");
  EXPECT_EQ(Order(one), std::vector<int>({1, 0}));
  EXPECT_EQ(one.body.at("results").at(0).at("document").at("text"), "red");
  EXPECT_EQ(one.body.at("results").at(1).at("document").at("text"), "blue");
  EXPECT_EQ(one.body.at("meta").at("api_version").at("version"), "1");
}

TEST_F(RerankRouteTest, PicturesAreReadAgainstTheWords) {
  const json::array documents = {
      {{"image", Base64Of(kBlue)}}, {{"image", Base64Of(kRed)}}, "data:image/bmp;base64," + Base64Of(kRed)};
  const Answer answer =
      Post("/v1/rerank", json::object{{"query", "red"}, {"documents", documents}, {"return_documents", true}});
  EXPECT_EQ(Order(answer), std::vector<int>({1, 2, 0}));
  for (const json::value& result : answer.body.at("results").as_array()) {
    EXPECT_EQ(result.at("scored_by"), "match");
    EXPECT_TRUE(result.at("match_logit").is_double());
    EXPECT_EQ(result.as_object().if_contains("document"), nullptr);  // They know what they sent.
  }
  EXPECT_GT(answer.body.at("results").at(0).at("relevance_score").as_double(), 0.9);
  EXPECT_LT(answer.body.at("results").at(2).at("relevance_score").as_double(), 0.5);
}

// As Jina's API has it.
TEST_F(RerankRouteTest, APictureMayAskAndWordsAnswer) {
  const Answer answer = Post("/v1/rerank", json::object{{"model", "jina-reranker-m0"},
                                                        {"query", {{"image", Base64Of(kRed)}}},
                                                        {"documents", {"blue", {{"text", "red"}}}}});
  EXPECT_EQ(Order(answer), std::vector<int>({1, 0}));
  EXPECT_EQ(answer.body.at("results").at(0).at("scored_by"), "match");
  EXPECT_GT(answer.body.at("usage").at("total_tokens").to_number<int>(), 0);
}

TEST_F(RerankRouteTest, ItemsStandForThemselves) {
  const json::array documents = {blue_.value, {{"item_id", red_.value}, {"collection", "photos"}}};
  const Answer answer = Post(
      "/v1/rerank",
      json::object{{"query", "red"}, {"documents", documents}, {"collection", "photos"}, {"return_documents", true}});
  EXPECT_EQ(Order(answer), std::vector<int>({1, 0}));
  EXPECT_EQ(answer.body.at("results").at(0).at("document").at("item_id"), red_.value);
  EXPECT_EQ(answer.body.at("results").at(0).at("scored_by"), "match");
}

TEST_F(RerankRouteTest, FieldsOfObjectsMakeTheirText) {
  const Answer answer = Post("/v1/rerank", R"({"query":"red","rank_fields":["title"],
      "documents":[{"title":"blue","text":"red"},{"title":"red","text":"blue"}]})");
  EXPECT_EQ(Order(answer), std::vector<int>({1, 0}));
}

TEST_F(RerankRouteTest, ItemsOfACollectionThatTheKeyMayNotReadAreForbidden) {
  const Principal reader = {.name = "r", .admin = false, .collections = {"photos"}};
  const auto body = [](const char* collection) {
    return fmt::format(R"({{"query":"red","documents":[1],"collection":"{}"}})", collection);
  };
  EXPECT_EQ(Post("/v1/rerank", body("photos"), reader).status, 200);
  ExpectRefused(Post("/v1/rerank", body("secret"), reader), 403, "/documents/0", "secret");
  ExpectRefused(Post("/v1/rerank", body("missing"), reader), 403, "/documents/0", "missing");
  ExpectRefused(Post("/v1/rerank", body("missing")), 404, "/documents/0", "missing");
}

TEST_F(RerankRouteTest, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"documents":["a"]})", "/query"},
      {R"({"query":"a"})", "/documents"},
      {R"({"query":"a","documents":[]})", "/documents"},
      {R"({"query":7,"documents":["a"]})", "/query"},
      {R"({"query":"","documents":["a"]})", "/query"},
      {R"({"query":"a","documents":"a"})", "/documents"},
      {R"({"query":"a","documents":["a",true]})", "/documents/1"},
      {R"({"query":"a","documents":["a",""]})", "/documents/1"},
      {R"({"query":"a","documents":[{}]})", "/documents/0"},
      {R"({"query":"a","documents":[1]})", "/documents/0"},
      {R"({"query":"a","documents":[-1],"collection":"photos"})", "/documents/0"},
      {R"({"query":"a","documents":[{"item_id":"x"}],"collection":"photos"})", "/documents/0/item_id"},
      {R"({"query":"a","documents":[{"item_id":1,"collection":7}]})", "/documents/0/collection"},
      {R"({"query":"a","documents":["a"],"top_n":0})", "/top_n"},
      {R"({"query":"a","documents":["a"],"topn":1})", "/topn"},
  };
  for (const auto& [body, field] : cases) {
    const Answer answer = Post("/v1/rerank", std::string(body));
    EXPECT_EQ(answer.status, 400) << body << json::serialize(answer.body);
    EXPECT_EQ(answer.body.at("field"), field) << body;
  }
  ExpectRefused(Post("/v1/rerank", json::object{{"query", "a"}, {"documents", json::array(1001, "a")}}), 400,
                "/documents", "1000");
  ExpectRefused(Post("/v1/rerank", R"({"query":"a","documents":[999],"collection":"photos"})"), 404, "/documents/0",
                "999");
}

}  // namespace
}  // namespace sightline::http
