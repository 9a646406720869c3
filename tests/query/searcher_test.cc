// SPDX-License-Identifier: BSD-3-Clause
#include "query/searcher.h"

#include <chrono>
#include <cmath>

#include "tests/query/searcher_fixture.h"

namespace sightline::query {
namespace {

using ::testing::ElementsAre;
using testing::IsErrorWith;
using testing::IsOk;

TEST_F(SearcherTest, WithoutRerankHitsAreInOrderOfCoarseScore) {
  SearchRequest request = Words("red");
  request.rerank_depth = 0;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/purple.png", "/p/spot.png", "/p/green.png"));
  EXPECT_GT(answer->hits[0].coarse_score, answer->hits[1].coarse_score);
  EXPECT_FALSE(answer->hits[0].match_logit || answer->hits[0].rank_score || answer->hits[0].match_probability);
  EXPECT_EQ(answer->reranked, 0U);
  EXPECT_FALSE(answer->degraded);
  EXPECT_EQ(encoder_.match_calls, 0U);
}

TEST_F(SearcherTest, RerankPutsTheBestMatchFirst) {
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/spot.png", "/p/purple.png", "/p/green.png"));
  EXPECT_EQ(answer->candidates, 3U);
  EXPECT_EQ(answer->reranked, 3U);
  EXPECT_FALSE(answer->degraded);
}

TEST_F(SearcherTest, CalibrationOfTheCollectionGoesBeforeTheModels) {
  const auto calibrated = [](double weight) {
    return encoder::CalibrationToJson({.coarse_weight = weight, .a = 0.5, .b = -1, .points = {}, .fitted_on = "test"});
  };
  encoder_.mutable_info().calibration.coarse_weight = 7;
  const Searcher searcher(*collection_, &encoder_);
  const SearchRequest request = Words("red");
  for (const double weight : {2.0, 3.0, 3.0}) {
    ASSERT_THAT(collection_->SetSettings({.calibration = calibrated(weight)}), IsOk());
    const auto answer = std::move(searcher.Search(std::span(&request, 1))[0]);
    ASSERT_THAT(answer, IsOk());
    const Hit& hit = answer->hits[0];
    EXPECT_DOUBLE_EQ(*hit.rank_score, double{*hit.match_logit} + weight * hit.coarse_score);
    EXPECT_DOUBLE_EQ(*hit.match_probability, 1 / (1 + std::exp(-(0.5 * *hit.rank_score - 1))));
  }
  ASSERT_THAT(collection_->SetSettings({}), IsOk());
  const auto answer = std::move(searcher.Search(std::span(&request, 1))[0]);
  ASSERT_THAT(answer, IsOk());
  EXPECT_DOUBLE_EQ(*answer->hits[0].rank_score,
                   double{*answer->hits[0].match_logit} + 7.0 * answer->hits[0].coarse_score);
}

TEST_F(SearcherTest, CalibrationThatCannotBeReadFailsWhatItWouldJudgeAndNothingElse) {
  ASSERT_THAT(collection_->SetSettings({.calibration = R"({"format": "sightline-calibration/9"})"}), IsOk());
  EXPECT_THAT(Search(Words("red")), IsErrorWith(ErrorCode::kFailedPrecondition, "own calibration"));
  SearchRequest coarse = Words("red");
  coarse.rerank_depth = 0;
  EXPECT_THAT(Search(coarse), IsOk());
}

TEST_F(SearcherTest, DefaultDepthIsTheCollectionsElseThatOfEveryRequest) {
  EXPECT_EQ(DefaultRerankDepth(*collection_), 64U);
  ASSERT_THAT(collection_->SetSettings({.rerank_depth = 0}), IsOk());
  EXPECT_EQ(DefaultRerankDepth(*collection_), 0U);
}

TEST_F(SearcherTest, ProbabilityIsTheCalibratedRankScoreAndNeverContradictsTheOrder) {
  encoder::Calibration& calibration = encoder_.mutable_info().calibration;
  calibration.coarse_weight = 2;
  calibration.a = 0.5;
  calibration.b = -1;
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->hits.size(), 3U);
  double last = 1;
  for (const Hit& hit : answer->hits) {
    EXPECT_NEAR(*hit.rank_score, *hit.match_logit + 2 * hit.coarse_score, 1e-5);
    EXPECT_NEAR(*hit.match_probability, 1 / (1 + std::exp(-(0.5 * *hit.rank_score - 1))), 1e-9);
    EXPECT_LE(*hit.match_probability, last);
    last = *hit.match_probability;
  }
}

TEST_F(SearcherTest, ALargeCoarseWeightRestoresTheCoarseOrder) {
  encoder_.mutable_info().calibration.coarse_weight = 100;
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/purple.png", "/p/spot.png", "/p/green.png"));
}

TEST_F(SearcherTest, WhatIsBeyondTheRerankDepthFollowsByCoarseScore) {
  SearchRequest request = Words("red");
  request.rerank_depth = 1;
  encoder_.mutable_info().calibration.a = 100;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/purple.png", "/p/spot.png", "/p/green.png"));
  EXPECT_TRUE(answer->hits[0].match_probability);
  EXPECT_FALSE(answer->hits[1].match_probability || answer->hits[2].match_probability);
  EXPECT_EQ(answer->reranked, 1U);
}

TEST_F(SearcherTest, TopKCutsAfterReranking) {
  SearchRequest request = Words("red");
  request.top_k = 1;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/spot.png"));
  EXPECT_EQ(answer->reranked, 3U);
}

TEST_F(SearcherTest, MinMatchHidesAndCountsWhatIsBelow) {
  SearchRequest request = Words("red");
  request.min_match = 0.95;  // Logits: about 5 for the spot, 2 for purple, -4.7 for green.
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/spot.png"));
  EXPECT_EQ(answer->below_min_match, 2U);
}

TEST_F(SearcherTest, MinMatchThatNothingReachesGivesAnHonestEmptyAnswer) {
  SearchRequest request = Words("red");
  request.min_match = 1.0;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->hits.empty());
  EXPECT_EQ(answer->below_min_match, 3U);
  EXPECT_FALSE(answer->degraded);
}

TEST_F(SearcherTest, MinMatchNeverShowsWhatWasNotReranked) {
  SearchRequest request = Words("red");
  request.min_match = 0.0;
  request.rerank_depth = 1;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/purple.png"));
}

TEST_F(SearcherTest, HitsCarryItemUnitPathAndMetadata) {
  const auto answer = Search(Words("purple red"));
  ASSERT_THAT(answer, IsOk());
  const Hit* purple = nullptr;
  for (const Hit& hit : answer->hits) purple = hit.item == purple_ ? &hit : purple;
  ASSERT_NE(purple, nullptr);
  EXPECT_EQ(purple->type, UnitType::kImage);
  EXPECT_EQ(purple->path, "/p/purple.png");
  EXPECT_TRUE(purple->unit);
  EXPECT_EQ(purple->metadata, (Metadata{{"tags", {"warm"}}}));
  EXPECT_EQ(answer->epoch, collection_->View()->epoch());
  EXPECT_EQ(answer->cleaned_query, "purple red");
}

TEST_F(SearcherTest, FilterByTypeLimitsTheAnswer) {
  SearchRequest request = Words("red");
  request.filter.types = {UnitType::kText};
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->hits.empty());
}

TEST_F(SearcherTest, AnEmptyCollectionHasNoHits) {
  collection_ = MakeCollection(storage::PatchStorage::kFp16);
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->hits.empty());
  EXPECT_FALSE(answer->degraded);
}

TEST_F(SearcherTest, TimingsAddUpToNoMoreThanTheTotal) {
  encoder_.delay = std::chrono::milliseconds(2);
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  const StageTimings& t = answer->timings;
  EXPECT_GE(t.encode_ms, 2);
  EXPECT_GE(t.rerank_ms, 2);
  EXPECT_LE(t.encode_ms + t.coarse_ms + t.patches_ms + t.rerank_ms, t.total_ms + 1e-6);
}

}  // namespace
}  // namespace sightline::query
