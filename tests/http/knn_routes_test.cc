// SPDX-License-Identifier: BSD-3-Clause
// /knn-service and /indices-list
#include "tests/http/compat_fixture.h"
#include "tests/http/refusing_gatherer.h"

namespace sightline::http {
namespace {

// As the client of clip-retrieval 2.45.0 sends it, with every field.
std::string KnnBody(const std::string& subject, const std::string& rest = R"("modality": "image", "num_images": 3)",
                    const std::string& indice = "\"photos\"") {
  return R"({"text": null, "image": null, "image_url": null, "embedding_input": null, )" + subject +
         R"(, "deduplicate": true, "use_safety_model": true, "use_violence_detector": true, "indice_name": )" + indice +
         R"(, "use_mclip": false, "aesthetic_score": 9, "aesthetic_weight": 0.5, )" + rest + "}";
}

class KnnRouteTest : public FilledCompatTest {
 protected:
  static std::vector<uint64_t> Ids(const Answer& answer) {
    std::vector<uint64_t> ids;
    if (answer.status != 200) {
      ADD_FAILURE() << json::serialize(answer.body);
      return ids;
    }
    for (const json::value& result : answer.body.as_array()) ids.push_back(result.at("id").to_number<uint64_t>());
    return ids;
  }
};

TEST_F(KnnRouteTest, WordsFindTheirNeighboursBestFirst) {
  const Answer answer = Knn(KnnBody(R"("text": "red")"));
  EXPECT_EQ(Ids(answer), (std::vector<uint64_t>{red_.value, blue_.value}));
  const json::value& best = answer.body.at(0);
  EXPECT_EQ(best.at("url"), "https://example.com/red.jpg");
  EXPECT_EQ(best.at("caption"), "a red wall");
  EXPECT_GT(best.at("similarity").to_number<double>(), answer.body.at(1).at("similarity").to_number<double>());
  EXPECT_THAT(std::string(answer.body.at(1).at("url").as_string()), HasSubstr("/v1/items/photos/"));
  EXPECT_TRUE(answer.body.at(1).at("caption").is_null());
}

TEST_F(KnnRouteTest, PicturesAndVectorsFindTheirNeighbours) {
  EXPECT_EQ(Ids(Knn(KnnBody(fmt::format(R"("image": "{}")", Base64Of(kBlue)))))[0], blue_.value);
  EXPECT_EQ(Ids(Knn(KnnBody(R"("embedding_input": [1, 0, 0, 0, 0, 0, 0, 0])")))[0], red_.value);
  ExpectRefused(Knn(KnnBody(R"("embedding_input": [1, 0])")), 400, "", "numbers");
  ExpectRefused(Knn(KnnBody(R"("image_url": "http://127.0.0.1:1/a.jpg")")), 409, "/image_url", "does not fetch");
}

TEST_F(KnnRouteTest, PicturesOfSearchesThatWaitAreSmall) {
  std::vector<int> widths;
  (*host_->Find("photos"))->gatherer = WidthsOfPictures(widths);
  EXPECT_EQ(Knn(KnnBody(fmt::format(R"("image": "{}")", Base64Of(kBlue)))).status, 503) << "of 6 x 5 pixels";
  EXPECT_EQ(widths, std::vector{encoder_->info().config.vision.image_res});
}

TEST_F(KnnRouteTest, TheTextIndexHasTheCaptions) {
  const Answer answer = Knn(KnnBody(R"("text": "green")", R"("modality": "text", "num_images": 3)"));
  EXPECT_EQ(Ids(answer), std::vector<uint64_t>{caption_.value});
  EXPECT_EQ(answer.body.at(0).at("caption"), "green");
}

TEST_F(KnnRouteTest, ResultsBeyondNumImagesHaveIdsOnly) {
  const Answer answer =
      Knn(KnnBody(R"("text": "red")", R"("modality": "image", "num_images": 1, "num_result_ids": 2)"));
  ASSERT_EQ(Ids(answer).size(), 2U);
  EXPECT_NE(answer.body.at(0).as_object().if_contains("url"), nullptr);
  EXPECT_EQ(answer.body.at(1).as_object().size(), 2U);
}

TEST_F(KnnRouteTest, WithoutAnIndexTheFirstReadableOneIsSearched) {
  EXPECT_EQ(Ids(Knn(KnnBody(R"("text": "red")", R"("modality": "image", "num_images": 1)", "null"))),
            std::vector<uint64_t>{red_.value});
  const Principal other = {.name = "o", .admin = false, .collections = {"secret"}};
  EXPECT_TRUE(Ids(Knn(KnnBody(R"("text": "red")", R"("modality": "image", "num_images": 1)", "null"), other)).empty());
}

TEST_F(KnnRouteTest, OthersCollectionsAreForbidden) {
  const Principal other = {.name = "o", .admin = false, .collections = {"secret"}};
  ExpectRefused(Knn(KnnBody(R"("text": "red")"), other), 403, "/indice_name", "photos");
  ExpectRefused(Knn(KnnBody(R"("text": "red")", R"("num_images": 1)", "\"missing\"")), 404, "/indice_name", "missing");
}

TEST_F(KnnRouteTest, WhatIsWrongIsNamed) {
  ExpectRefused(Knn(KnnBody(R"("x": 1)")), 400, "/x", "no such field");
  ExpectRefused(Knn(R"({"indice_name": "photos"})"), 400, "", "is needed");
  ExpectRefused(Knn(KnnBody(R"("text": "red")", R"("modality": "sound")")), 400, "/modality", "image");
  ExpectRefused(Knn(KnnBody(R"("text": "red")", R"("num_images": 0)")), 400, "/num_images", "0");
  ExpectRefused(Knn(KnnBody(R"("image": "!")")), 400, "/image", "base64");
}

TEST_F(KnnRouteTest, TheListNamesWhatMayBeRead) {
  EXPECT_EQ(Call(Method::kGet, "/indices-list", "", {}, {}).body, (json::array{"photos", "secret"}));
  const Principal other = {.name = "o", .admin = false, .collections = {"secret", "missing"}};
  EXPECT_EQ(Call(Method::kGet, "/indices-list", "", other, {}).body, (json::array{"secret"}));
}

}  // namespace
}  // namespace sightline::http
