// SPDX-License-Identifier: BSD-3-Clause
#include "eval/candidate_lists.h"

#include <algorithm>

#include "eval/calibration_report.h"
#include "tests/query/query_fixture.h"

namespace sightline::eval {
namespace {

using query::kBlue;
using query::kGreen;
using query::kPurple;
using query::kRed;
using query::MakePicture;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

// "red" finds purple.png first by coarse score, and its own spot.png first by match logit.
class CandidateListsTest : public query::QueryFixture {
 protected:
  CandidateListsTest() {
    set_.images = {"purple.png", "spot.png", "green.png", "gone.png", "copy of spot.png"};
    set_.captions = {{"red", 1}, {"green", 2}, {"blue thing", 3}, {"red", 4}};
    const ItemId spot = Add(MakePicture(kBlue, kRed), "/spot.png");
    gallery_.images = {Add(MakePicture(kPurple), "/purple.png"), spot, Add(MakePicture(kGreen), "/green.png"),
                       std::nullopt, spot};
    for (size_t i = 0; i < set_.captions.size(); ++i) {
      gallery_.captions.push_back(AddCaption("/captions#" + std::to_string(i), set_.captions[i].text));
    }
  }

  Result<std::vector<CandidateList>> Collect(const CandidateOptions& options) {
    return CollectCandidates(query::Searcher(*collection_, &encoder_), *collection_, set_, gallery_, options);
  }

  static size_t CountRight(const CandidateList& list) {
    return static_cast<size_t>(
        std::count_if(list.pairs.begin(), list.pairs.end(), [](const ScoredPair& pair) { return pair.right; }));
  }

  RetrievalSet set_;
  Gallery gallery_;
};

TEST_F(CandidateListsTest, EveryCaptionHasItsCandidatesInCoarseOrder) {
  const auto lists = Collect({.depth = 3});
  ASSERT_THAT(lists, IsOk());
  ASSERT_EQ(lists->size(), 3U);  // A picture is gone.
  const CandidateList& red = lists->at(0);
  ASSERT_EQ(red.pairs.size(), 3U);
  EXPECT_FALSE(red.pairs[0].right);
  EXPECT_TRUE(red.pairs[1].right || red.pairs[2].right);
  EXPECT_GT(red.pairs[0].coarse_score, red.pairs[1].coarse_score);
  EXPECT_TRUE(red.First({})->right);
  encoder::Calibration coarse;
  coarse.coarse_weight = 100;
  EXPECT_FALSE(red.First(coarse)->right);
  // Captions of one content belong to one picture.
  EXPECT_EQ(red.picture, 1U);
  EXPECT_EQ(lists->at(1).picture, 2U);
  EXPECT_EQ(lists->at(2).picture, 1U);
  EXPECT_EQ(CountRight(lists->at(2)), 1U);
}

TEST_F(CandidateListsTest, TheDepthLimitsTheCandidates) {
  const auto lists = Collect({.depth = 1});
  ASSERT_THAT(lists, IsOk());
  EXPECT_EQ(lists->at(0).pairs.size(), 1U);
  EXPECT_EQ(CountRight(lists->at(0)), 0U);  // What is second by coarse score was not read.
}

// Any calibration can be tried on lists that were collected under another one.
TEST_F(CandidateListsTest, ListsForetellWhatASearchShowsUnderAnyCalibration) {
  const auto lists = Collect({.depth = 3});
  ASSERT_THAT(lists, IsOk());
  for (const double weight : {0.0, 1.0, 100.0}) {
    encoder::Calibration& calibration = encoder_.mutable_info().calibration;
    calibration.coarse_weight = weight;
    calibration.a = 0.3;
    calibration.b = -1;
    const auto answer = Search(Words("red"));
    ASSERT_THAT(answer, IsOk());
    const auto first = FirstHits(std::span(*lists).first(1), calibration);
    EXPECT_DOUBLE_EQ(first[0].probability, answer->hits[0].match_probability.value()) << weight;
    EXPECT_EQ(first[0].right, answer->hits[0].item == *gallery_.images[1]) << weight;
    const auto again = Collect({.depth = 3});
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->at(0).pairs[0].coarse_score, lists->at(0).pairs[0].coarse_score) << weight;
  }
}

TEST_F(CandidateListsTest, WithoutItsOwnPictureNothingIsRightAndTheRestIsAsked) {
  const auto lists = Collect({.depth = 3, .without_own = true});
  ASSERT_THAT(lists, IsOk());
  ASSERT_EQ(lists->size(), 3U);
  for (const CandidateList& list : *lists) {
    EXPECT_EQ(list.pairs.size(), 2U);
    EXPECT_EQ(CountRight(list), 0U);
  }
}

TEST_F(CandidateListsTest, APictureIsAskedForAllItsCaptionsOnce) {
  const auto lists = Collect({.direction = Direction::kImageToText, .depth = 4});
  ASSERT_THAT(lists, IsOk());
  ASSERT_EQ(lists->size(), 2U);  // purple.png has no caption, gone.png is not there, the copy is the same item.
  EXPECT_EQ(lists->at(0).picture, 1U);
  EXPECT_EQ(lists->at(0).pairs.size(), 4U);
  EXPECT_EQ(CountRight(lists->at(0)), 2U);
  const auto without = Collect({.direction = Direction::kImageToText, .depth = 4, .without_own = true});
  ASSERT_THAT(without, IsOk());
  EXPECT_EQ(without->at(0).pairs.size(), 2U);
  EXPECT_EQ(CountRight(without->at(0)), 0U);
}

TEST_F(CandidateListsTest, BadDepthsStopsAndUnreadablePatchesEndIt) {
  EXPECT_THAT(Collect({.depth = 0}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Collect({.depth = 1001}), IsError(ErrorCode::kInvalidArgument));
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(Collect({.stop = stop.get_token()}), IsError(ErrorCode::kCancelled));
  Add(MakePicture(kRed), query::AddOptions{.path = "/nothing to read.png", .with_patches = false});
  EXPECT_THAT(Collect({.depth = 4}), IsErrorWith(ErrorCode::kUnavailable, "could not be reranked"));
}

TEST(SelectTest, EvenAndOddPicturesShareNothing) {
  const RetrievalSet set = {.images = {"0", "1", "2", "3", "4"},
                            .captions = {{"zero", 0}, {"one", 1}, {"two", 2}, {"also two", 2}, {"three", 3}, {"4", 4}},
                            .left_out = {}};
  const RetrievalSet even = Select(set, Pictures::kEven);
  EXPECT_EQ(even.images, (std::vector<std::string>{"0", "2", "4"}));
  ASSERT_EQ(even.captions.size(), 4U);
  EXPECT_EQ(even.captions[2].text, "also two");
  EXPECT_EQ(even.captions[2].image, 1U);
  const RetrievalSet odd = Select(set, Pictures::kOdd);
  EXPECT_EQ(odd.images, (std::vector<std::string>{"1", "3"}));
  ASSERT_EQ(odd.captions.size(), 2U);
  EXPECT_EQ(odd.captions[1].text, "three");
  EXPECT_EQ(odd.captions[1].image, 1U);
  EXPECT_EQ(Select(set, Pictures::kAll).captions.size(), 6U);
}

// Two captions are right for spot.png and one for green.png.
TEST_F(CandidateListsTest, RecallOfAllHitsIsOfAllThatIsRight) {
  const auto lists = Collect({.direction = Direction::kImageToText, .depth = 4});
  ASSERT_THAT(lists, IsOk());
  ASSERT_EQ(lists->size(), 2U);
  const CalibrationFigures figures = FiguresOf(*lists, encoder::Calibration());
  EXPECT_EQ(figures.all_hits[1].right, 3U);
  EXPECT_DOUBLE_EQ(figures.all_hits[1].recall, 1);
  EXPECT_DOUBLE_EQ(figures.first_hits[1].recall, 1);
}

}  // namespace
}  // namespace sightline::eval
