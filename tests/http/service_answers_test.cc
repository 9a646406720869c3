// SPDX-License-Identifier: BSD-3-Clause
// Answers of routes that have their own tests elsewhere, held against the OpenAPI document by the fixture.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/http/api_fixture.h"
#include "tests/indexer/test_videos.h"

namespace sightline::http {
namespace {

using testing::Answer;

class ServiceAnswersTest : public testing::ApiFixture {
 protected:
  ServiceAnswersTest() {
    Put("/v1/collections/photos");
    Upload("photos", Picture({200, 10, 10}), R"({"album": "Rome", "stars": 5, "taken_at": "2024-05-01"})");
    Upload("photos", Picture({10, 10, 200}));
  }
  Answer Search(const std::string& body) { return Post("/v1/collections/photos/search", body); }
  void AddVideoAndCaption() {
    testing::WriteAvi(root() / "video.avi", {{{200, 10, 10}, 4}, {{10, 10, 200}, 4}});
    testing::WriteTestFile(root() / "captions.jsonl", R"({"id": "1", "text": "a red car"})"
                                                      "\n");
    const auto job = RunJob("photos", fmt::format(R"({{"paths": ["{0}/video.avi"], "captions": ["{0}/captions.jsonl"],
                                                       "clip_seconds": 2}})",
                                                  root().string()));
    ASSERT_EQ(job.at("items_added"), 2) << job;
  }
};

TEST_F(ServiceAnswersTest, Searches) {
  AddVideoAndCaption();
  for (const char* body : {
           R"({"query": {"text": "red"}})",
           R"({"query": {"text": "red"}, "top_k": 1, "explain": true})",
           R"({"query": {"text": "red"}, "types": ["clip"], "group_by": "video", "group_size": 2})",
           R"({"query": {"text": "red"}, "types": ["text"]})",
           R"({"query": {"vector": [1, 0, 0, 0, 0, 0, 0, 0]}, "rerank": {"depth": 0}})",
           R"({"query": {"item_id": 1}, "join_clips": false})",
           R"({"query": {"text": "red"}, "rerank": {"depth": 5, "min_match": 0.99}, "filter": {"must_not": []}})",
       }) {
    const Answer answer = Search(body);
    EXPECT_EQ(answer.status, 200) << body << answer.body;
    EXPECT_FALSE(answer.json().at("hits").as_array().empty() && std::string(body).find("0.99") == std::string::npos);
  }
  const Answer first = Search(R"({"query": {"text": "red"}, "top_k": 1})");
  const std::string cursor(first.json().at("cursor").as_string());
  EXPECT_EQ(Search(fmt::format(R"({{"query": {{"text": "red"}}, "top_k": 1, "cursor": "{}"}})", cursor)).status, 200);
}

TEST_F(ServiceAnswersTest, SearchesThatAreRefused) {
  EXPECT_EQ(Search("{}").status, 400);
  EXPECT_EQ(Search("[").status, 400);
  EXPECT_EQ(Search(R"({"query": {"text": "red"}, "top_k": 1001})").field(), "/top_k");
  EXPECT_EQ(Search(R"({"query": {"text": "red"}, "cursor": "x"})").field(), "/cursor");
  EXPECT_EQ(Search(R"({"query": {"item_id": 99}})").status, 404);
  EXPECT_EQ(Search(R"({"query": {"image_base64": "AAAA"}})").status, 422);
  EXPECT_EQ(Post("/v1/collections/other/search", R"({"query": {"text": "red"}})").status, 404);
}

TEST_F(ServiceAnswersTest, Probes) {
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_EQ(Get("/readyz").status, 200);
  ready_ = Fail(ErrorCode::kUnavailable, "the model is being loaded");
  const Answer waiting = Get("/readyz");
  EXPECT_EQ(waiting.status, 503);
  EXPECT_EQ(waiting.json().at("detail"), "the model is being loaded");
  EXPECT_EQ(Get("/metrics").status, 200);
}

TEST_F(ServiceAnswersTest, Page) {
  EXPECT_EQ(Get("/").status, 200);
  for (const char* file : {"app.js", "style.css", "icon.svg"}) {
    EXPECT_EQ(Get(fmt::format("/page/{}", file)).status, 200) << file;
  }
  EXPECT_EQ(Get("/page/none.js").status, 404);
}

}  // namespace
}  // namespace sightline::http
