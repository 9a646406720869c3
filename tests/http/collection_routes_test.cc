// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include <gmock/gmock.h>

#include "tests/http/api_fixture.h"

namespace sightline::http {
namespace {

using testing::Answer;
using CollectionRoutesTest = testing::ApiFixture;

TEST_F(CollectionRoutesTest, CollectionIsMadeOnceWithTheServersModel) {
  const Answer made = Put("/v1/collections/photos");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.header("Location"), "/v1/collections/photos");
  EXPECT_EQ(made.json().at("collection"), "photos");
  EXPECT_EQ(made.json().at("model_fingerprint"), "fake");
  EXPECT_EQ(made.json().at("dim"), 8);
  EXPECT_EQ(made.json().at("patch_storage"), "int8");
  EXPECT_EQ(made.json().at("items"), 0);
  EXPECT_EQ(Put("/v1/collections/photos", "{}").status, 200);
  EXPECT_EQ(Get("/v1/collections/photos").status, 200);
}

TEST_F(CollectionRoutesTest, OptionsOfTheIndexMayChangeLater) {
  const Answer made = Put("/v1/collections/photos", R"({"patch_storage": "fp16", "index": {"kind": "hnsw"}})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.json().at("patch_storage"), "fp16");
  EXPECT_EQ(made.json().at("index").at("kind"), "hnsw");
  const Answer changed = Put("/v1/collections/photos", R"({"index": {"kind": "flat", "exact_limit": 5}})");
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.json().at("index").at("kind"), "flat");
  EXPECT_EQ(changed.json().at("index").at("exact_limit"), 5);
  EXPECT_EQ(Get("/v1/collections/photos").json().at("index").at("kind"), "flat");
}

TEST_F(CollectionRoutesTest, WhatWasFixedWhenItWasMadeIsNotIgnored) {
  Put("/v1/collections/photos");
  Put("/v1/collections/raw", R"({"dim": 5})");
  const Answer patches = Put("/v1/collections/photos", R"({"patch_storage": "none"})");
  EXPECT_EQ(patches.status, 409);
  EXPECT_EQ(patches.code(), "already_exists");
  EXPECT_EQ(patches.field(), "/patch_storage");
  EXPECT_EQ(Put("/v1/collections/photos", R"({"dim": 8})").field(), "/dim");
  EXPECT_EQ(Put("/v1/collections/raw", R"({"dim": 6})").status, 409);
  EXPECT_EQ(Put("/v1/collections/raw", R"({"dim": 5})").status, 200);
}

TEST_F(CollectionRoutesTest, BadRequestsNameTheirField) {
  EXPECT_EQ(Put("/v1/collections/a", R"({"dim": 0})").field(), "/dim");
  EXPECT_EQ(Put("/v1/collections/a", R"({"dim": 70000})").field(), "/dim");
  EXPECT_EQ(Put("/v1/collections/a", R"({"dim": "8"})").field(), "/dim");
  EXPECT_EQ(Put("/v1/collections/a", R"({"patch_storage": "int4"})").field(), "/patch_storage");
  EXPECT_EQ(Put("/v1/collections/a", R"({"index": {"kind": "lsh"}})").field(), "/index/kind");
  EXPECT_EQ(Put("/v1/collections/a", R"({"index": {"row_format": "fp64"}})").field(), "/index/row_format");
  EXPECT_EQ(Put("/v1/collections/a", R"({"index": {"exact_limit": -1}})").field(), "/index/exact_limit");
  EXPECT_EQ(Put("/v1/collections/a", R"({"index": {"size": 3}})").field(), "/index/size");
  EXPECT_EQ(Put("/v1/collections/a", R"({"colour": "red"})").field(), "/colour");
  EXPECT_EQ(Put("/v1/collections/a", "[]").status, 400);
  EXPECT_EQ(Put("/v1/collections/a", "{").status, 400);
  EXPECT_EQ(Put("/v1/collections/a.b", "{}").status, 400);
  EXPECT_EQ(Get("/v1/collections?colour=red").field(), "colour");
  EXPECT_EQ(Get("/v1/collections/a").status, 404);
}

TEST_F(CollectionRoutesTest, WithoutAModelThereAreRawVectorsAlone) {
  Stop();
  Start(false);
  const Answer refused = Put("/v1/collections/photos");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "failed_precondition");
  const Answer made = Put("/v1/collections/raw", R"({"dim": 4})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.json().at("model"), "none");
}

TEST_F(CollectionRoutesTest, ListShowsWhatTheKeyMaySeeAndWhatCannotBeOpened) {
  Put("/v1/collections/b");
  Put("/v1/collections/a");
  std::filesystem::create_directories(host_->data_dir() / "collections" / "broken");
  testing::WriteTestFile(host_->data_dir() / "collections" / "broken" / "COLLECTION", "nonsense");
  const auto all = Get("/v1/collections").json().at("collections").as_array();
  ASSERT_GE(all.size(), 2U);
  EXPECT_EQ(all[0].at("collection"), "a");
  EXPECT_EQ(all[1].at("collection"), "b");
  const Answer some =
      Call(Method::kGet, "/v1/collections", {.principal = {.name = "k", .admin = false, .collections = {"b"}}});
  ASSERT_EQ(some.json().at("collections").as_array().size(), 1U);
  EXPECT_EQ(some.json().at("collections").at(0).at("collection"), "b");
}

TEST_F(CollectionRoutesTest, DroppedCollectionIsGoneWithItsUploads) {
  Put("/v1/collections/photos");
  ASSERT_EQ(Upload("photos", Picture({1, 2, 3})).status, 201);
  EXPECT_EQ(UploadedFiles(), 1U);
  const Answer dropped = Delete("/v1/collections/photos");
  EXPECT_EQ(dropped.status, 204);
  EXPECT_EQ(dropped.body, "");
  EXPECT_EQ(UploadedFiles(), 0U);
  EXPECT_EQ(Get("/v1/collections/photos").status, 404);
  EXPECT_EQ(Delete("/v1/collections/photos").status, 404);
  EXPECT_EQ(Put("/v1/collections/photos").status, 201);
}

}  // namespace
}  // namespace sightline::http
