// SPDX-License-Identifier: BSD-3-Clause
#include "eval/folds.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;

RetrievalSet FivePictures() {
  return {.images = {"a", "b", "c", "d", "e"},
          .captions = {{"of b", 1}, {"of e", 4}, {"of a", 0}, {"of c", 2}, {"of e again", 4}},
          .left_out = {"line 3: no words"}};
}

TEST(FoldsTest, ConsecutivePicturesWithTheirCaptionsBecomeSetsOfTheirOwn) {
  const auto folds = CutIntoFolds(FivePictures(), 2);
  ASSERT_THAT(folds, IsOk());
  ASSERT_EQ(folds->size(), 2U);
  const Fold& first = folds->front();
  EXPECT_THAT(first.set.images, ElementsAre("a", "b"));
  EXPECT_EQ(first.set.captions.size(), 2U);
  EXPECT_EQ(first.set.captions[0].text, "of b");
  EXPECT_EQ(first.set.captions[0].image, 1U);
  EXPECT_THAT(first.caption_numbers, ElementsAre(0, 2));
  EXPECT_EQ(first.set.left_out.size(), 1U);
  const Fold& second = folds->back();
  EXPECT_EQ(second.first_image, 2U);
  EXPECT_THAT(second.set.images, ElementsAre("c", "d", "e"));
  EXPECT_EQ(second.set.captions[0].image, 2U);  // e
  EXPECT_THAT(second.caption_numbers, ElementsAre(1, 3, 4));
  EXPECT_TRUE(second.set.left_out.empty());
}

TEST(FoldsTest, OutcomesGetTheNumbersOfTheWholeSet) {
  const auto folds = CutIntoFolds(FivePictures(), 2);
  ASSERT_THAT(folds, IsOk());
  const std::vector<QueryOutcome> captions = {{.asked = 0, .image = 2}, {.asked = 2, .image = 2}};
  const auto texts = InWholeSet(captions, folds->back(), Direction::kTextToImage);
  EXPECT_EQ(texts[0].asked, 1U);
  EXPECT_EQ(texts[1].asked, 4U);
  EXPECT_EQ(texts[1].image, 4U);
  const auto images = InWholeSet({{.asked = 1, .image = 1}}, folds->back(), Direction::kImageToText);
  EXPECT_EQ(images[0].asked, 3U);
  EXPECT_EQ(images[0].image, 3U);
}

TEST(FoldsTest, FiguresAreAveraged) {
  const std::vector<RankMetrics> folds = {
      {.r1 = 10, .r5 = 20, .r10 = 40, .mrr = 0.2, .median_rank = 3, .mean_rank = 7},
      {.r1 = 30, .r5 = 40, .r10 = 50, .mrr = 0.4, .median_rank = 4, .mean_rank = std::nullopt}};
  const RankMetrics average = AverageOf(folds);
  EXPECT_DOUBLE_EQ(average.r1, 20);
  EXPECT_DOUBLE_EQ(average.r5, 30);
  EXPECT_DOUBLE_EQ(average.r10, 45);
  EXPECT_DOUBLE_EQ(average.mrr, 0.3);
  EXPECT_EQ(average.median_rank, 3.5);
  EXPECT_EQ(average.mean_rank, std::nullopt);
}

TEST(FoldsTest, MoreFoldsThanPicturesAreRefused) {
  EXPECT_THAT(CutIntoFolds(FivePictures(), 6), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(CutIntoFolds(FivePictures(), 0), IsError(ErrorCode::kInvalidArgument));
  EXPECT_EQ(CutIntoFolds(FivePictures(), 5)->size(), 5U);
  EXPECT_EQ(CutIntoFolds({}, 1)->size(), 1U);  // Nothing to ask is no error.
}

}  // namespace
}  // namespace sightline::eval
