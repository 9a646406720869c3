// SPDX-License-Identifier: BSD-3-Clause
// What a search answers when something is late, missing, broken or changes in the middle.
#include <chrono>
#include <limits>
#include <stop_token>
#include <vector>

#include "tests/query/searcher_fixture.h"

namespace sightline::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

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

}  // namespace
}  // namespace sightline::query
