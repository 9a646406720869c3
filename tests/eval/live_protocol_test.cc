// SPDX-License-Identifier: BSD-3-Clause
#include "eval/live_protocol.h"

#include "eval/collection_protocol.h"
#include "tests/query/query_fixture.h"

namespace sightline::eval {
namespace {

using query::kBlue;
using query::kGreen;
using query::kPurple;
using query::kRed;
using query::MakePicture;
using testing::IsError;
using testing::IsOk;

// "red" finds purple.png first by coarse score, and spot.png first by match logit.
class LiveProtocolTest : public query::QueryFixture {
 protected:
  LiveProtocolTest() {
    set_.images = {"purple.png", "spot.png", "green.png", "gone.png"};
    set_.captions = {{"red", 1}, {"green", 2}, {"blue thing", 3}, {"?!", 0}};
    gallery_.images = {Add(MakePicture(kPurple), "/purple.png"), Add(MakePicture(kBlue, kRed), "/spot.png"),
                       Add(MakePicture(kGreen), "/green.png"), std::nullopt};
    for (size_t i = 0; i < set_.captions.size(); ++i) {
      const std::string path = "/captions#" + std::to_string(i);
      const bool has_words = i != 3;
      gallery_.captions.push_back(has_words ? std::optional(AddCaption(path, set_.captions[i].text)) : std::nullopt);
    }
  }

  Result<LiveReport> Run(const LiveOptions& options) {
    return RunLiveProtocol(query::Searcher(*collection_, &encoder_), set_, gallery_, options);
  }

  RetrievalSet set_;
  Gallery gallery_;
};

TEST_F(LiveProtocolTest, CountsCoarseAndRerankedRanksOfTheSameSearches) {
  const auto report = Run({.rerank_depth = 64});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->queries, 2U);
  EXPECT_EQ(report->skipped, 2U);  // Its picture is missing; it has no words.
  EXPECT_DOUBLE_EQ(report->coarse.r1, 50);
  EXPECT_DOUBLE_EQ(report->coarse.r5, 100);
  EXPECT_DOUBLE_EQ(report->rank_score.r1, 100);
  EXPECT_DOUBLE_EQ(report->match_logit.r1, 100);
  EXPECT_EQ(report->coarse.mean_rank, 1.5);
  EXPECT_EQ(report->rank_score.median_rank, 1);
}

TEST_F(LiveProtocolTest, SaysWhatEachQueryCameTo) {
  const auto report = Run({.rerank_depth = 2, .batch = 1});
  ASSERT_THAT(report, IsOk());
  ASSERT_EQ(report->outcomes.size(), 2U);
  const QueryOutcome& red = report->outcomes[0];
  EXPECT_EQ(red.asked, 0U);
  EXPECT_EQ(red.image, 1U);
  EXPECT_EQ(red.coarse_rank, 1U);
  EXPECT_EQ(red.rank, 0U);
  EXPECT_EQ(red.logit_rank, 0U);
  EXPECT_TRUE(red.first_right);
  ASSERT_TRUE(red.first_probability);
  EXPECT_NEAR(*red.first_probability, 0.9933, 1e-3);  // Sigmoid of a logit of 5: a patch is all red.
  EXPECT_EQ(red.reranked, 2U);
  EXPECT_GT(red.ms, 0);
  EXPECT_EQ(report->outcomes[1].asked, 1U);
  EXPECT_EQ(report->outcomes[1].image, 2U);
}

TEST_F(LiveProtocolTest, WithoutRerankingThereIsNoProbabilityAndOneOrder) {
  const auto report = Run({.rerank_depth = 0});
  ASSERT_THAT(report, IsOk());
  const QueryOutcome& red = report->outcomes[0];
  EXPECT_EQ(red.first_probability, std::nullopt);
  EXPECT_FALSE(red.first_right);
  EXPECT_EQ(red.rank, 1U);
  EXPECT_EQ(red.logit_rank, 1U);
  EXPECT_EQ(red.reranked, 0U);
}

TEST_F(LiveProtocolTest, ARunGoesOnWhereAnotherEnded) {
  const auto all = Run({.rerank_depth = 64});
  std::vector<QueryOutcome> kept;
  const auto keep = [&kept](std::span<const QueryOutcome> more) {
    kept.insert(kept.end(), more.begin(), more.end());
    return kept.size() == 1 ? Status(Fail(ErrorCode::kCancelled, "enough")) : Status();
  };
  EXPECT_THAT(Run({.rerank_depth = 64, .batch = 1, .on_outcomes = keep}), IsError(ErrorCode::kCancelled));
  ASSERT_EQ(kept.size(), 1U);
  const auto rest = Run({.rerank_depth = 64, .from = kept.back().asked + 1, .on_outcomes = keep});
  ASSERT_THAT(rest, IsOk());
  EXPECT_EQ(rest->queries, 1U);
  EXPECT_EQ(rest->skipped, 2U);
  const LiveReport joined = ReportOf(kept, rest->skipped, 1);
  EXPECT_EQ(joined.queries, all->queries);
  EXPECT_EQ(joined.coarse.mean_rank, all->coarse.mean_rank);
  EXPECT_EQ(joined.rank_score.r1, all->rank_score.r1);
}

// Two pictures that are alike have equal scores, and the one that was indexed first stands before the other.
TEST_F(LiveProtocolTest, TiesAreRankedInOrderOfIndexing) {
  set_.images.push_back("green again.png");
  set_.captions.push_back({"green", 4});
  gallery_.images.push_back(Add(MakePicture(kGreen), "/green again.png"));
  gallery_.captions.push_back(std::nullopt);
  for (const size_t depth : {0, 64}) {
    const auto report = Run({.rerank_depth = depth});
    ASSERT_THAT(report, IsOk());
    EXPECT_EQ(report->outcomes[1].rank, 0U) << depth;
    EXPECT_EQ(report->outcomes[2].rank, 1U) << depth;
    EXPECT_EQ(report->outcomes[2].logit_rank, 1U) << depth;
    EXPECT_EQ(report->outcomes[2].coarse_rank, 1U) << depth;
  }
}

// spot.png gets the embedding of purple.png, which was indexed before it; "red" fits its patches better.
TEST_F(LiveProtocolTest, TiesOfTheCoarseStageDoNotDependOnWhatIsReranked) {
  const storage::RecordStore& records = collection_->records();
  const auto items = records.GetItems(std::vector{*gallery_.images[0], *gallery_.images[1]});
  ASSERT_THAT(items, IsOk());
  const auto units = records.GetUnits(std::vector{(*items)[0]->units[0], (*items)[1]->units[0]});
  ASSERT_THAT(units, IsOk());
  storage::NewUnit unit;
  unit.record = *(*units)[1];
  unit.record.vectors = (*units)[0]->vectors;
  unit.tokens = records.GetTokens(std::span(&unit.record.id, 1)).value().front();
  storage::WriteSet changes;
  changes.put_items = {*(*items)[1]};
  changes.put_units = {unit};
  ASSERT_THAT(collection_->Commit(changes), IsOk());
  for (const size_t depth : {0, 2}) {
    const auto report = Run({.rerank_depth = depth});
    ASSERT_THAT(report, IsOk());
    EXPECT_EQ(report->outcomes[0].coarse_rank, 1U) << depth;
    EXPECT_EQ(report->outcomes[0].rank, depth == 0 ? 1U : 0U);
  }
}

TEST_F(LiveProtocolTest, WhatCannotBeRerankedIsNoFigureOfThatDepth) {
  gallery_.images[2] = Add(MakePicture(kGreen), query::AddOptions{.path = "/bare.png", .with_patches = false});
  EXPECT_THAT(Run({.rerank_depth = 0}), IsOk());
  EXPECT_THAT(Run({.rerank_depth = 4}), IsError(ErrorCode::kUnavailable));
}

TEST_F(LiveProtocolTest, WhatIsBeyondTheHitsAskedForHasNoRank) {
  const auto report = Run({.rerank_depth = 0, .top_k = 1});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->outcomes[0].coarse_rank, kNotRanked);
  EXPECT_DOUBLE_EQ(report->coarse.r5, 50);
  EXPECT_EQ(report->coarse.mean_rank, std::nullopt);
}

// green.png finds "green" at once. For spot.png "blue thing" comes before its own "red"; purple.png has no caption, and
// gone.png is not there.
TEST_F(LiveProtocolTest, PicturesAreAskedForTheirCaptions) {
  const auto report = Run({.direction = Direction::kImageToText, .rerank_depth = 0});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->queries, 2U);
  EXPECT_EQ(report->skipped, 2U);
  EXPECT_DOUBLE_EQ(report->coarse.r1, 50);
  EXPECT_EQ(report->coarse.mean_rank, 1.5);
  EXPECT_DOUBLE_EQ(report->coarse.r5, 100);
}

TEST_F(LiveProtocolTest, TheBestOfAPicturesCaptionsCounts) {
  set_.captions.push_back({"blue", 1});
  gallery_.captions.push_back(AddCaption("/captions#4", "blue"));
  const auto report = Run({.direction = Direction::kImageToText, .rerank_depth = 0});
  ASSERT_THAT(report, IsOk());
  EXPECT_DOUBLE_EQ(report->coarse.r5, 100);
  EXPECT_EQ(report->coarse.mean_rank, 1);  // "blue", before the "blue thing" of another and its own "red".
}

// Reranked, spot.png finds its "red" first: a patch fits that better than any fits "blue thing".
TEST_F(LiveProtocolTest, PicturesAreRerankedAgainstCaptions) {
  const auto report = Run({.direction = Direction::kImageToText, .rerank_depth = 64});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(encoder_.pairs_matched, 2U * 3U);
  EXPECT_DOUBLE_EQ(report->coarse.r1, 50);
  EXPECT_DOUBLE_EQ(report->match_logit.r1, 100);
}

TEST_F(LiveProtocolTest, TheMatchLogitAloneIgnoresTheCoarseWeight) {
  encoder_.mutable_info().calibration.coarse_weight = 100;
  const auto report = Run({.rerank_depth = 64});
  ASSERT_THAT(report, IsOk());
  EXPECT_DOUBLE_EQ(report->rank_score.r1, 50);
  EXPECT_DOUBLE_EQ(report->match_logit.r1, 100);
}

TEST_F(LiveProtocolTest, BatchesDoNotChangeTheFigures) {
  size_t last = 0;
  const auto report =
      Run({.rerank_depth = 2, .batch = 1, .stop = {}, .on_progress = [&](size_t done, size_t) { last = done; }});
  ASSERT_THAT(report, IsOk());
  EXPECT_DOUBLE_EQ(report->rank_score.r1, 100);
  EXPECT_EQ(last, 3U);
}

TEST_F(LiveProtocolTest, AStopAndABadDepthEndIt) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(Run({.rerank_depth = 64, .stop = stop.get_token()}), IsError(ErrorCode::kCancelled));
  EXPECT_THAT(Run({.rerank_depth = 1025}), IsError(ErrorCode::kInvalidArgument));
}

// What the collection stores of spot.png's caption is "green", and both protocols read that: with the words "red" of
// the set spot.png would find its own.
TEST_F(LiveProtocolTest, BothProtocolsReadTheStoredTokenStatesOfCaptions) {
  set_.captions = {{"red", 1}, {"blue thing", 2}};
  gallery_.captions = {AddCaption("/captions#5", "green"), gallery_.captions[2]};
  const auto live = Run({.direction = Direction::kImageToText, .rerank_depth = 64});
  const auto matrix = RunCollectionProtocol(*collection_, encoder_, set_, gallery_, {.k_tests = {2}});
  ASSERT_THAT(live, IsOk());
  ASSERT_THAT(matrix, IsOk());
  EXPECT_EQ(live->match_logit.r1, 0);
  ASSERT_EQ(matrix->reranked.size(), 1U);
  EXPECT_EQ(matrix->reranked[0].txt.r1, 0);
  EXPECT_EQ(matrix->reranked[0].img.r1, 50);  // Words that are asked are those of the set.
}

TEST_F(LiveProtocolTest, TheMatrixProtocolAgreesOnTheSameCollection) {
  set_.captions.pop_back();
  const auto report = RunCollectionProtocol(*collection_, encoder_, set_, gallery_, {.k_tests = {2}});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->captions, 2U);
  EXPECT_DOUBLE_EQ(report->coarse.img.r1, 50);
  ASSERT_EQ(report->reranked.size(), 1U);
  EXPECT_DOUBLE_EQ(report->reranked[0].img.r1, 100);
  // purple.png has no caption here, so picture-to-text can reach two thirds at most.
  EXPECT_NEAR(report->coarse.txt.r5, 200.0 / 3, 1e-9);
}

TEST_F(LiveProtocolTest, SeveralDepthsOfTheMatrixReadEveryPairOnce) {
  set_.captions.pop_back();
  std::vector<std::pair<size_t, size_t>> told;
  const auto both =
      RunCollectionProtocol(*collection_, encoder_, set_, gallery_,
                            {.k_tests = {1, 0, 2}, .stop = {}, .on_progress = [&](size_t done, size_t total) {
                               told.emplace_back(done, total);
                             }});
  ASSERT_THAT(both, IsOk());
  EXPECT_EQ(encoder_.pairs_matched, (2U + 3U) * 2U);
  EXPECT_EQ(told.size(), 2U + 3U);
  EXPECT_EQ(told.back(), std::pair(size_t{5}, size_t{5}));
  ASSERT_EQ(both->reranked.size(), 2U);
  const auto one = RunCollectionProtocol(*collection_, encoder_, set_, gallery_, {.k_tests = {1}});
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(both->reranked[0].img.r1, one->reranked[0].img.r1);
  EXPECT_EQ(both->reranked[0].txt.r1, one->reranked[0].txt.r1);
  EXPECT_LT(both->reranked[0].img.r1, both->reranked[1].img.r1) << "spot.png is only the second by similarity";
  EXPECT_EQ(both->coarse.img.r1, one->coarse.img.r1);
  const uint64_t texts = encoder_.texts_encoded;
  EXPECT_THAT(RunCollectionProtocol(*collection_, encoder_, set_, gallery_, {.k_tests = {1, 3}}),
              IsError(ErrorCode::kInvalidArgument));
  EXPECT_EQ(encoder_.texts_encoded, texts) << "before the work";
}

}  // namespace
}  // namespace sightline::eval
