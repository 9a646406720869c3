// SPDX-License-Identifier: BSD-3-Clause
// What is searched for other than words, and words that are too many.
#include <string>

#include "tests/query/searcher_fixture.h"

namespace sightline::query {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;

TEST_F(SearcherTest, APictureFindsItsLikesWithoutProbability) {
  SearchRequest request;
  request.query.picture = MakePicture(kGreen);
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->hits[0].path, "/p/green.png");
  EXPECT_NEAR(answer->hits[0].coarse_score, 1, 1e-4);
  for (const Hit& hit : answer->hits) EXPECT_FALSE(hit.match_logit || hit.rank_score || hit.match_probability);
  EXPECT_EQ(encoder_.match_calls, 0U);
  EXPECT_FALSE(answer->degraded);
}

TEST_F(SearcherTest, APictureOfAnySizeIsResized) {
  SearchRequest request;
  request.query.picture = ImageRgb8{.width = 7, .height = 2, .pixels = {}};
  for (int i = 0; i < 14; ++i) request.query.picture->pixels.insert(request.query.picture->pixels.end(), {0, 255, 0});
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->hits[0].path, "/p/green.png");
}

TEST_F(SearcherTest, AnItemFindsOthersButNotItself) {
  SearchRequest request;
  request.query.item = spot_;
  request.top_k = 1;
  const auto answer = std::move(Searcher(*collection_, nullptr).Search(std::span(&request, 1))[0]);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/purple.png"));
  EXPECT_FALSE(answer->hits[0].match_probability);
}

TEST_F(SearcherTest, AVectorOfAnyLengthIsNormalised) {
  SearchRequest request;
  request.query.vector = Embedding{0, 30, 0, 0, 0, 0, 0, 0};
  const auto answer = std::move(Searcher(*collection_, nullptr).Search(std::span(&request, 1))[0]);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->hits[0].path, "/p/green.png");
  EXPECT_LE(answer->hits[0].coarse_score, 1.0001F);
}

TEST_F(SearcherTest, APictureWithWordsSearchesTheSumAndReranksWithTheWords) {
  SearchRequest request = Words("red");
  request.query.picture = MakePicture(kGreen);
  request.rerank_depth = 0;
  const auto coarse = Search(request);
  ASSERT_THAT(coarse, IsOk());
  // Half red and half green: the green picture and the purple one come before the blue one.
  EXPECT_THAT(PathsOf(*coarse), ElementsAre("/p/green.png", "/p/purple.png", "/p/spot.png"));
  request.rerank_depth = 64;
  const auto reranked = Search(request);
  ASSERT_THAT(reranked, IsOk());
  EXPECT_THAT(PathsOf(*reranked), ElementsAre("/p/spot.png", "/p/purple.png", "/p/green.png"));
  EXPECT_TRUE(reranked->hits[0].match_probability);
  EXPECT_FLOAT_EQ(reranked->hits[2].coarse_score, coarse->hits[0].coarse_score);
}

TEST_F(SearcherTest, APictureDoesNotRaiseTheMatchProbabilityOfTheWords) {
  encoder_.mutable_info().calibration.coarse_weight = 2;
  const auto words = Search(Words("red"));
  SearchRequest joined = Words("red");
  joined.query.picture = MakePicture(kGreen);
  const auto both = Search(joined);
  ASSERT_THAT(words, IsOk());
  ASSERT_THAT(both, IsOk());
  ASSERT_EQ(PathsOf(*both), PathsOf(*words));
  for (size_t i = 0; i < words->hits.size(); ++i) {
    EXPECT_NEAR(*both->hits[i].match_probability, *words->hits[i].match_probability, 1e-6);
  }
}

TEST_F(SearcherTest, MinMatchIsAllowedForAPictureWithWords) {
  SearchRequest request = Words("red");
  request.query.picture = MakePicture(kGreen);
  request.min_match = 0.95;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/spot.png"));
}

TEST_F(SearcherTest, ATruncatedQueryIsReported) {
  std::string words;
  for (int i = 0; i < 40; ++i) words += "red ";
  const auto answer = Search(Words(words));
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->truncated_query);
}

}  // namespace
}  // namespace sightline::query
