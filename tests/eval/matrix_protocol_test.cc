// SPDX-License-Identifier: BSD-3-Clause
#include "eval/matrix_protocol.h"

#include <utility>

#include "tests/support/fake_encoder.h"
#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using testing::IsError;
using testing::IsOk;

// 2 pictures, 3 texts.
ScoreMatrix SmallSimilarity() { return ScoreMatrix(2, 3, {0.9F, 0.1F, 0.5F, 0.2F, 0.3F, 0.4F}); }

TEST(MatrixProtocolTest, ScoresTheLargestOfEachRowAndColumnAndLeavesTheRest) {
  std::vector<std::pair<size_t, size_t>> scored;
  const auto scores = RunMatrixProtocol(SmallSimilarity(), 1, [&scored](size_t text, std::span<const size_t> images) {
    std::vector<float> logits;
    for (const size_t image : images) {
      scored.emplace_back(text, image);
      logits.push_back(static_cast<float>(10 * image + text));
    }
    return Result<std::vector<float>>(logits);
  });
  ASSERT_THAT(scores, IsOk());
  // Best text of picture 0 is 0, of picture 1 is 2; best picture of texts 0, 1, 2 is 0, 1, 0.
  const ScoreMatrix& a = scores->image_to_text;
  const ScoreMatrix& b = scores->text_to_image;
  EXPECT_EQ(a.at(0, 0), 0);
  EXPECT_EQ(a.at(1, 2), 12);
  EXPECT_EQ(a.at(0, 1), kUnscored);
  EXPECT_EQ(a.at(0, 2), kUnscored);
  EXPECT_EQ(a.at(1, 0), kUnscored);
  EXPECT_EQ(b.at(0, 0), 0);
  EXPECT_EQ(b.at(1, 1), 11);
  EXPECT_EQ(b.at(2, 0), 2);
  EXPECT_EQ(b.at(2, 1), kUnscored);
  // The pair (text 0, picture 0) is in both lists and scored once.
  EXPECT_EQ(scored, (std::vector<std::pair<size_t, size_t>>{{0, 0}, {1, 1}, {2, 0}, {2, 1}}));
}

TEST(MatrixProtocolTest, AKTestBeyondTheSmallerGalleryIsRefused) {
  const auto scorer = [](size_t, std::span<const size_t> images) {
    return Result<std::vector<float>>(std::vector<float>(images.size(), 0.0F));
  };
  EXPECT_THAT(RunMatrixProtocol(SmallSimilarity(), 3, scorer), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(RunMatrixProtocol(SmallSimilarity(), 0, scorer), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(RunMatrixProtocol(SmallSimilarity(), 2, scorer), IsOk());
}

TEST(MatrixProtocolTest, EachMatrixMayHaveAScorerOfItsOwn) {
  const auto scores = RunMatrixProtocol(
      SmallSimilarity(), 1,
      [](size_t text, std::span<const size_t> images) {
        EXPECT_EQ(images.size(), 1U);
        return Result<std::vector<float>>(std::vector<float>{static_cast<float>(10 * images[0] + text)});
      },
      [](size_t image, std::span<const size_t> texts) {
        EXPECT_EQ(texts.size(), 1U);
        return Result<std::vector<float>>(std::vector<float>{static_cast<float>(100 + 10 * image + texts[0])});
      });
  ASSERT_THAT(scores, IsOk());
  EXPECT_EQ(scores->image_to_text.at(0, 0), 100);
  EXPECT_EQ(scores->image_to_text.at(1, 2), 112);
  EXPECT_EQ(scores->image_to_text.at(0, 1), kUnscored);
  EXPECT_EQ(scores->text_to_image.at(0, 0), 0);
  EXPECT_EQ(scores->text_to_image.at(1, 1), 11);
  EXPECT_EQ(scores->text_to_image.at(2, 1), kUnscored);
}

TEST(MatrixProtocolTest, TheScoresOfASmallerKTestAreAmongThoseOfALarger) {
  const auto scorer = [](size_t text, std::span<const size_t> images) {
    std::vector<float> logits;
    for (const size_t image : images) logits.push_back(static_cast<float>(10 * image + text));
    return Result<std::vector<float>>(logits);
  };
  auto two = RunMatrixProtocol(SmallSimilarity(), 2, scorer);
  const auto one = RunMatrixProtocol(SmallSimilarity(), 1, scorer);
  ASSERT_THAT(two, IsOk());
  ASSERT_THAT(one, IsOk());
  NarrowTo(1, SmallSimilarity(), *two);
  for (size_t image = 0; image < 2; ++image) {
    for (size_t text = 0; text < 3; ++text) {
      EXPECT_EQ(two->image_to_text.at(image, text), one->image_to_text.at(image, text));
      EXPECT_EQ(two->text_to_image.at(text, image), one->text_to_image.at(text, image));
    }
  }
}

TEST(MatrixProtocolTest, AFailingScorerEndsIt) {
  const auto failing = [](size_t, std::span<const size_t>) -> Result<std::vector<float>> {
    return Fail(ErrorCode::kInternal, "broken");
  };
  EXPECT_THAT(RunMatrixProtocol(SmallSimilarity(), 1, failing), IsError(ErrorCode::kInternal));
}

TEST(MatrixProtocolTest, MatchScorerAsksTheEncoder) {
  testing::FakeEncoder encoder;
  const encoder::TextRequest text = {.text = "red", .limits = {}};
  const auto encoding = std::move(encoder.EncodeTexts(std::span(&text, 1))[0]);
  ASSERT_THAT(encoding, IsOk());
  const std::vector<TokenMatrix> states = {encoding->token_states};
  std::vector<float> red(5 * 8, 0.0F);
  for (size_t row = 0; row < 5; ++row) red[row * 8] = 1;
  const std::vector<TokenMatrix> patches = {MakeTokenMatrix(std::vector<float>(40, 0.0F), 5, 8, TokenFormat::kFp32),
                                            MakeTokenMatrix(red, 5, 8, TokenFormat::kFp32)};
  const PairScorer scorer = MatchScorer(encoder, states, patches, {});
  const std::vector<size_t> both = {1, 0};
  const auto logits = scorer(0, both);
  ASSERT_THAT(logits, IsOk());
  EXPECT_NEAR((*logits)[0], 5, 1e-4);   // 10 * cosine 1 - 5.
  EXPECT_NEAR((*logits)[1], -5, 1e-4);  // 10 * cosine 0 - 5.
  const auto of_picture = PictureMatchScorer(encoder, states, patches, {})(1, std::vector<size_t>{0, 0});
  ASSERT_THAT(of_picture, IsOk());
  ASSERT_EQ(of_picture->size(), 2U);
  EXPECT_NEAR((*of_picture)[1], 5, 1e-4);
}

}  // namespace
}  // namespace sightline::eval
