// SPDX-License-Identifier: BSD-3-Clause
#include "query/searcher.h"

#include <chrono>
#include <limits>
#include <thread>

#include "tests/query/query_fixture.h"

namespace sightline::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

// "red" likes purple.png better by its mean colour, and spot.png better by its best patch.
class SearcherTest : public QueryFixture {
 protected:
  SearcherTest() {
    purple_ = Add(MakePicture(kPurple), AddOptions{.path = "/p/purple.png", .metadata = {{"tags", {"warm"}}}});
    spot_ = Add(MakePicture(kBlue, kRed), "/p/spot.png");
    green_ = Add(MakePicture(kGreen), "/p/green.png");
  }

  ItemId purple_;
  ItemId spot_;
  ItemId green_;
};

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

TEST_F(SearcherTest, ATruncatedQueryIsReported) {
  std::string words;
  for (int i = 0; i < 40; ++i) words += "red ";
  const auto answer = Search(Words(words));
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->truncated_query);
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

class SearcherRefusalTest : public SearcherTest {};

TEST_F(SearcherRefusalTest, NothingOrTooMuchToSearchFor) {
  EXPECT_THAT(Search({}), IsErrorWith(ErrorCode::kInvalidArgument, "nothing to search for"));
  SearchRequest request;
  request.query.item = purple_;
  request.query.picture = MakePicture(kRed);
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "too much"));
  request = {};
  request.query.picture = ImageRgb8{};
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "no pixels"));
}

TEST_F(SearcherRefusalTest, EmptyOrPunctuationOnlyWords) {
  EXPECT_THAT(Search(Words("")), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Search(Words(" ?!. ,")), IsError(ErrorCode::kInvalidArgument));
  SearchRequest with_picture = Words("...");
  with_picture.query.picture = MakePicture(kRed);
  EXPECT_THAT(Search(with_picture), IsError(ErrorCode::kInvalidArgument));
}

TEST_F(SearcherRefusalTest, NumbersOutOfRange) {
  SearchRequest request = Words("red");
  request.top_k = 0;
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "top_k"));
  request.top_k = 1001;
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "1001"));
  request = Words("red");
  request.rerank_depth = 1025;
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "1025"));
  for (const double bad : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    request = Words("red");
    request.min_match = bad;
    EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "min_match"));
  }
}

TEST_F(SearcherRefusalTest, MinMatchWithoutWordsAgainstPatches) {
  SearchRequest picture;
  picture.query.picture = MakePicture(kRed);
  SearchRequest item;
  item.query.item = purple_;
  SearchRequest vector;
  vector.query.vector = Embedding(8, 1.0F);
  for (SearchRequest* request : {&picture, &item, &vector}) {
    request->min_match = 0.5;
    EXPECT_THAT(Search(*request), IsErrorWith(ErrorCode::kInvalidArgument, "min_match needs words"));
  }
  SearchRequest words = Words("red");
  words.min_match = 0.5;
  words.rerank_depth = 0;
  EXPECT_THAT(Search(words), IsErrorWith(ErrorCode::kInvalidArgument, "rerank"));
  words.rerank_depth = 64;
  words.filter.types = {UnitType::kText};
  EXPECT_THAT(Search(words), IsErrorWith(ErrorCode::kInvalidArgument, "match"));
}

TEST_F(SearcherRefusalTest, UnknownItemAndUnusableVectors) {
  SearchRequest request;
  request.query.item = ItemId{999};
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kNotFound, "999"));
  request = {};
  request.query.vector = Embedding(7, 1.0F);
  EXPECT_THAT(Search(request), IsErrorWith(ErrorCode::kInvalidArgument, "7 numbers"));
  request.query.vector = Embedding(8, 0.0F);
  EXPECT_THAT(Search(request), IsError(ErrorCode::kInvalidArgument));
  request.query.vector = Embedding(8, std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(Search(request), IsError(ErrorCode::kInvalidArgument));
}

TEST_F(SearcherRefusalTest, AnotherModelIsNamedBesideTheCollections) {
  encoder_.mutable_info().fingerprint = "other-fingerprint";
  encoder_.mutable_info().config.name = "newcomer";
  const auto answer = Search(Words("red"));
  EXPECT_THAT(answer, IsErrorWith(ErrorCode::kFailedPrecondition, "fake"));
  EXPECT_THAT(answer, IsErrorWith(ErrorCode::kFailedPrecondition, "newcomer"));
  EXPECT_EQ(encoder_.text_calls, 0U);
}

TEST_F(SearcherRefusalTest, WordsWithoutAModel) {
  const SearchRequest request = Words("red");
  EXPECT_THAT(Searcher(*collection_, nullptr).Search(std::span(&request, 1))[0],
              IsError(ErrorCode::kFailedPrecondition));
}

TEST_F(SearcherRefusalTest, WordsInACollectionOfRawVectors) {
  auto raw = testing::MemoryCollection::Create({.model_name = "none", .model_fingerprint = "", .dim = 8});
  ASSERT_THAT(raw, IsOk());
  const SearchRequest request = Words("red");
  EXPECT_THAT(Searcher(**raw, &encoder_).Search(std::span(&request, 1))[0],
              IsErrorWith(ErrorCode::kFailedPrecondition, "raw vectors"));
}

class SearcherDegradedTest : public SearcherTest {};

TEST_F(SearcherDegradedTest, ADeadlineBeforeAnyCandidatesIsAnError) {
  SearchRequest request = Words("red");
  request.limits = Limits::After(std::chrono::nanoseconds(0));
  EXPECT_THAT(Search(request), IsError(ErrorCode::kDeadlineExceeded));
  SearchRequest item;
  item.query.item = purple_;
  item.limits = request.limits;
  EXPECT_THAT(Search(item), IsError(ErrorCode::kDeadlineExceeded));
}

TEST_F(SearcherDegradedTest, ADeadlineAfterTheCandidatesGivesCoarseOrderAndSaysSo) {
  bool has_candidates = false;
  const HookedCollection slow(*collection_, [&] {
    has_candidates = true;
    PassDeadline();
  });
  const auto answer = SearchPastDeadline(slow, Words("red"), [&](const auto&) { return has_candidates; });
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->degraded);
  EXPECT_THAT(answer->degraded_reason, HasSubstr("deadline"));
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/purple.png", "/p/spot.png", "/p/green.png"));
  for (const Hit& hit : answer->hits) EXPECT_FALSE(hit.match_probability);
  EXPECT_EQ(answer->reranked, 0U);
  EXPECT_EQ(encoder_.match_calls, 0U);
}

TEST_F(SearcherDegradedTest, ADeadlineInsideTheFusionEncoderDegrades) {
  encoder_.match_error = Error{ErrorCode::kDeadlineExceeded, "too late"};
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->degraded);
  EXPECT_EQ(answer->hits[0].path, "/p/purple.png");
  EXPECT_EQ(answer->reranked, 0U);
}

TEST_F(SearcherDegradedTest, MinMatchShowsNothingWhenNothingWasReranked) {
  encoder_.match_error = Error{ErrorCode::kDeadlineExceeded, "too late"};
  SearchRequest request = Words("red");
  request.min_match = 0.1;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->hits.empty());
  EXPECT_TRUE(answer->degraded);
  EXPECT_EQ(answer->below_min_match, 0U);
}

TEST_F(SearcherDegradedTest, ACandidateWithoutPatchesRanksAfterTheReranked) {
  Add(MakePicture(kRed), AddOptions{.path = "/p/bare.png", .with_patches = false});
  const auto answer = Search(Words("red"));
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/spot.png", "/p/purple.png", "/p/green.png", "/p/bare.png"));
  EXPECT_FALSE(answer->hits[3].match_logit || answer->hits[3].match_probability);
  EXPECT_EQ(answer->reranked, 3U);
  EXPECT_TRUE(answer->degraded);
  EXPECT_THAT(answer->degraded_reason, HasSubstr("1 of 4"));
}

TEST_F(SearcherDegradedTest, AFailureOfTheFusionEncoderIsAnError) {
  encoder_.match_error = Error{ErrorCode::kInternal, "broken"};
  EXPECT_THAT(Search(Words("red")), IsErrorWith(ErrorCode::kInternal, "broken"));
}

TEST_F(SearcherDegradedTest, AMatchLogitThatIsNoNumberIsAnError) {
  class NanEncoder : public testing::FakeEncoder {
    std::vector<Result<std::vector<float>>> Match(std::span<const encoder::MatchRequest> requests) override {
      return {std::vector<float>(requests[0].patches.size(), std::numeric_limits<float>::quiet_NaN())};
    }
  } broken;
  const SearchRequest request = Words("red");
  EXPECT_THAT(Searcher(*collection_, &broken).Search(std::span(&request, 1))[0], IsError(ErrorCode::kInternal));
}

TEST_F(SearcherDegradedTest, AStoreThatCannotReadPatchesFailsTheRequest) {
  HookedCollection broken(*collection_, nullptr);
  broken.token_error = Error{ErrorCode::kCorruption, "bad block"};
  const SearchRequest request = Words("red");
  EXPECT_THAT(Searcher(broken, &encoder_).Search(std::span(&request, 1))[0],
              IsErrorWith(ErrorCode::kCorruption, "bad block"));
}

TEST_F(SearcherDegradedTest, AStopEndsTheSearch) {
  std::stop_source stop;
  const HookedCollection stopping(*collection_, [&stop] { stop.request_stop(); });
  SearchRequest request = Words("red");
  request.limits.stop = stop.get_token();
  EXPECT_THAT(Searcher(stopping, &encoder_).Search(std::span(&request, 1))[0], IsError(ErrorCode::kCancelled));
}

TEST_F(SearcherDegradedTest, AnItemRemovedMeanwhileIsLeftOut) {
  const HookedCollection changing(*collection_, [this] {
    storage::WriteSet changes;
    changes.remove_items = {spot_};
    EXPECT_THAT(collection_->Commit(changes), IsOk());
  });
  const SearchRequest request = Words("red");
  const auto answer = std::move(Searcher(changing, &encoder_).Search(std::span(&request, 1))[0]);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/purple.png", "/p/green.png"));
}

class SearcherBatchTest : public SearcherTest {};

TEST_F(SearcherBatchTest, SharesOneTextAndOneMatchCall) {
  const std::vector<SearchRequest> requests = {Words("red"), Words("green"), Words("blue red")};
  const auto answers = Searcher(*collection_, &encoder_).Search(requests);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(encoder_.text_calls, 1U);
  EXPECT_EQ(encoder_.match_calls, 1U);
  EXPECT_EQ(encoder_.pairs_matched, 9U);
}

TEST_F(SearcherBatchTest, EqualsSingleSearches) {
  std::vector<SearchRequest> requests = {Words("red"), Words("green"), Words("blue red"), {}};
  requests[2].query.picture = MakePicture(kPurple);
  requests[3].query.item = green_;
  const auto batch = Searcher(*collection_, &encoder_).Search(requests);
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto single = Search(requests[i]);
    ASSERT_THAT(single, IsOk());
    ASSERT_THAT(batch[i], IsOk());
    ASSERT_EQ(batch[i]->hits.size(), single->hits.size());
    for (size_t h = 0; h < single->hits.size(); ++h) {
      EXPECT_EQ(batch[i]->hits[h].item, single->hits[h].item);
      EXPECT_EQ(batch[i]->hits[h].coarse_score, single->hits[h].coarse_score);
      EXPECT_EQ(batch[i]->hits[h].match_logit, single->hits[h].match_logit);
      EXPECT_EQ(batch[i]->hits[h].match_probability, single->hits[h].match_probability);
    }
  }
}

TEST_F(SearcherBatchTest, ABadRequestDoesNotDisturbTheOthers) {
  std::vector<SearchRequest> requests = {Words("red"), Words("??"), {}, Words("green")};
  requests[3].limits = Limits::After(std::chrono::nanoseconds(0));
  const auto answers = Searcher(*collection_, &encoder_).Search(requests);
  EXPECT_THAT(answers[0], IsOk());
  EXPECT_THAT(answers[1], IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(answers[2], IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(answers[3], IsError(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(PathsOf(*answers[0]), ElementsAre("/p/spot.png", "/p/purple.png", "/p/green.png"));
}

TEST_F(SearcherBatchTest, EachRequestSearchesTheStateThatItNames) {
  const std::shared_ptr<const storage::IndexView> before = collection_->View();
  Add(MakePicture(kRed), "/p/red.png");
  std::vector<SearchRequest> requests = {Words("red"), Words("red")};
  requests[1].view = before;
  const auto answers = Searcher(*collection_, &encoder_).Search(requests);
  ASSERT_THAT(answers[0], IsOk());
  ASSERT_THAT(answers[1], IsOk());
  EXPECT_EQ(answers[0]->hits.size(), 4U);
  EXPECT_THAT(PathsOf(*answers[1]), ElementsAre("/p/spot.png", "/p/purple.png", "/p/green.png"));
  EXPECT_EQ(answers[1]->epoch, before->epoch());
  EXPECT_EQ(answers[1]->view, before);
  EXPECT_GT(answers[0]->view->epoch(), before->epoch());
}

TEST_F(SearcherBatchTest, NoRequestsAreNoAnswers) { EXPECT_TRUE(Searcher(*collection_, &encoder_).Search({}).empty()); }

}  // namespace
}  // namespace sightline::query
