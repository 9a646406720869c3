// SPDX-License-Identifier: BSD-3-Clause
// Several requests in one call.
#include <chrono>
#include <memory>
#include <vector>

#include "tests/query/searcher_fixture.h"

namespace sightline::query {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;

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
