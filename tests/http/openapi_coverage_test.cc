// SPDX-License-Identifier: BSD-3-Clause
// Every status that the OpenAPI document promises for collections, items, jobs and media is answered by some test.
#include <array>
#include <filesystem>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/http/api_fixture.h"

namespace sightline::http {
namespace {

using testing::Answer;
using testing::OpenApiChecker;
using testing::Sent;

// What the server answers around the routes, and what it makes of their answers: tests/http/server_*_test.cc.
bool IsOfTheServer(int status) {
  return std::set{206, 304, 400, 401, 403, 406, 408, 413, 416, 431, 500, 503}.contains(status);
}

bool IsOurs(const OpenApiChecker& document, const OpenApiChecker::Operation& operation) {
  const auto& described = document.document().at("paths").at(operation.path).at(operation.method);
  const std::string tag(described.at("tags").at(0).as_string());
  return std::set<std::string>{"collections", "items", "jobs", "media"}.contains(tag);
}

class EveryStatusIsAnswered : public ::testing::Environment {
 public:
  void TearDown() override {
    const auto& all = *::testing::UnitTest::GetInstance();
    if (all.test_to_run_count() != all.total_test_count() || all.Failed()) return;
    const OpenApiChecker document(OpenApiDocument());
    const std::set<std::string> answered = testing::AnsweredStatuses();
    for (const OpenApiChecker::Operation& operation : document.Operations()) {
      if (!IsOurs(document, operation)) continue;
      for (const int status : document.StatusesOf(operation.id)) {
        const std::string answer = fmt::format("{} {}", operation.id, status);
        EXPECT_TRUE(IsOfTheServer(status) || answered.contains(answer)) << "no test gets " << answer;
      }
    }
  }
};

[[maybe_unused]] const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new EveryStatusIsAnswered);

class OpenApiCoverageTest : public testing::ApiFixture {};

TEST_F(OpenApiCoverageTest, CollectionThatAnotherProcessHasIsAConflictEverywhere) {
  Put("/v1/collections/photos");
  const std::filesystem::path folder = host_->data_dir() / "collections" / "photos";
  Stop();
  const auto other = storage::Collection::Open(folder);
  ASSERT_THAT(other, testing::IsOk());
  Start();
  for (const Route& route : router_->routes()) {
    if (!route.pattern.starts_with("/v1/collections/{c}") && !route.pattern.starts_with("/v1/items/{c}")) continue;
    std::string target = route.pattern;
    target.replace(target.find("{c}"), 3, "photos");
    if (const size_t id = target.find("{id}"); id != std::string::npos) target.replace(id, 4, "1");
    if (route.operation == "get_frame") target += "?t=0";
    std::string body = "{}";
    if (route.operation == "search") body = R"({"query": {"text": "red"}})";
    if (route.operation == "patch_item") body = R"({"metadata": {}})";
    if (route.operation == "start_job") body = fmt::format(R"({{"paths": ["{}"]}})", root().string());
    const Answer answer = Call(route.method, target, {.body = body, .headers = {{"Content-Type", "application/json"}}});
    EXPECT_EQ(answer.status, 409) << route.operation << answer.body;
  }
}

TEST_F(OpenApiCoverageTest, BodiesOfOtherTypesAreRefused) {
  Put("/v1/collections/photos");
  const Sent text = {.body = "words", .headers = {{"Content-Type", "text/plain"}}};
  EXPECT_EQ(Call(Method::kPut, "/v1/collections/photos", text).status, 415);
  EXPECT_EQ(Call(Method::kPatch, "/v1/collections/photos/items/1", text).status, 415);
  EXPECT_EQ(Call(Method::kPost, "/v1/collections/photos/jobs", text).status, 415);
}

TEST_F(OpenApiCoverageTest, CollectionThatIsNotThereHasNoLists) {
  EXPECT_EQ(Get("/v1/collections/photos/items").status, 404);
  EXPECT_EQ(Get("/v1/collections/photos/jobs").status, 404);
}

class BrokenFileTest : public testing::ApiFixture {
 protected:
  BrokenFileTest() { Put("/v1/collections/photos"); }

  /// An item whose file begins as one of its kind does and goes on as nothing.
  uint64_t Add(const std::string& name, const std::string& content, UnitType type) {
    testing::WriteTestFile(root() / name, content);
    const auto hosted = host_->Find("photos");
    storage::Collection& collection = *(*hosted)->collection;
    const auto ids = collection.AllocateIds(1, 1);
    storage::WriteSet changes;
    storage::ItemRecord item;
    item.id = ids->first_item;
    item.paths = {{.path = (root() / name).string(), .size_bytes = content.size()}};
    item.width = item.height = 10;
    item.units = {ids->first_unit};
    if (type == UnitType::kClip) item.metadata[std::string(metadata_key::kClipsPlanned)] = {int64_t{1}};
    storage::NewUnit unit;
    unit.record.id = ids->first_unit;
    unit.record.item = item.id;
    unit.record.type = type;
    if (type == UnitType::kClip) unit.record.range = TimeRange{0, 1'000'000};
    unit.record.vectors = {{.frame_time_us = std::nullopt, .embedding = {1, 0, 0, 0, 0, 0, 0, 0}}};
    changes.put_items = {item};
    changes.put_units = {unit};
    EXPECT_THAT(collection.Commit(changes), testing::IsOk());
    return item.id.value;
  }
};

TEST_F(BrokenFileTest, PictureThatCannotBeDecodedIsNoFailureOfTheServer) {
  const uint64_t id = Add("a.jpg", "\xFF\xD8\xFF and nothing of the kind", UnitType::kImage);
  EXPECT_EQ(Get(fmt::format("/v1/items/photos/{}/thumbnail", id)).status, 422);
}

TEST_F(BrokenFileTest, VideoThatCannotBeDecodedIsNoFailureOfTheServer) {
  const uint64_t id = Add("a.avi",
                          "RIFF\x10\x10\x10\x10"
                          "AVI LIST and nothing of the kind",
                          UnitType::kClip);
  EXPECT_EQ(Get(fmt::format("/v1/items/photos/{}/frame?t=0", id)).status, 422);
}

}  // namespace
}  // namespace sightline::http
