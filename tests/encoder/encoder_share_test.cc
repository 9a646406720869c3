// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/encoder_share.h"

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/fake_encoder.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::testing::ElementsAre;
using testing::FakeEncoder;
using testing::IsOk;

ImageRgb8 MakePicture(uint8_t red) { return {.width = 4, .height = 4, .pixels = std::vector<uint8_t>(48, red)}; }

class EncoderShareTest : public ::testing::Test {
 protected:
  explicit EncoderShareTest(const ShareOptions& options = {.pictures_per_turn = 4,
                                                           .pictures_beside_searches = 2,
                                                           .quiet_after = std::chrono::hours(1),
                                                           .most_calls_before = 3}) {
    auto fake = std::make_unique<FakeEncoder>();
    fake_ = fake.get();
    share_ = std::make_unique<EncoderShare>(std::move(fake), options);
    for (uint8_t i = 0; i < 12; ++i) pictures_.push_back(MakePicture(i));
  }

  std::vector<Result<ImageEncoding>> Encode(Encoder& encoder, size_t count) {
    std::vector<ImageRequest> requests;
    for (size_t i = 0; i < count; ++i) requests.push_back({.model_pixels = &pictures_[i], .limits = {}});
    return encoder.EncodeImages(requests, TokenFormat::kFp16);
  }

  static Result<TextEncoding> EncodeText(Encoder& encoder) {
    const TextRequest request = {.text = "red", .limits = {}};
    return std::move(encoder.EncodeTexts(std::span(&request, 1))[0]);
  }

  FakeEncoder* fake_;
  std::unique_ptr<EncoderShare> share_;
  std::vector<ImageRgb8> pictures_;
};

TEST_F(EncoderShareTest, AJobsPicturesComeInTurnsAndInOrder) {
  std::vector<size_t> turns;
  fake_->before_encode_images = [&](size_t requests) { turns.push_back(requests); };
  const auto split = Encode(share_->for_jobs(), 5);
  EXPECT_THAT(turns, ElementsAre(4, 1));
  const auto whole = Encode(*fake_, 5);
  ASSERT_EQ(split.size(), 5U);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(split[i]->embedding, whole[i]->embedding);
  EXPECT_TRUE(Encode(share_->for_jobs(), 0).empty());
}

TEST_F(EncoderShareTest, TurnsAreSmallerWhileSearchesCome) {
  std::vector<size_t> turns;
  fake_->before_encode_images = [&](size_t requests) { turns.push_back(requests); };
  Encode(share_->for_jobs(), 5);
  EXPECT_THAT(EncodeText(share_->for_searches()), IsOk());
  Encode(share_->for_jobs(), 5);
  EXPECT_THAT(turns, ElementsAre(4, 1, 2, 2, 1));
}

TEST_F(EncoderShareTest, ASearchIsNotSplit) {
  EXPECT_EQ(Encode(share_->for_searches(), 5).size(), 5U);
  EXPECT_EQ(fake_->image_calls, 1U);
}

TEST_F(EncoderShareTest, ClipsThatShareFramesStayInOneTurn) {
  const std::vector<const ImageRgb8*> both = {&pictures_[0], &pictures_[1]};
  const std::vector<const ImageRgb8*> others = {&pictures_[2], &pictures_[3], &pictures_[4]};
  const std::vector<ClipRequest> clips = {
      {.frames = both, .limits = {}}, {.frames = both, .limits = {}}, {.frames = others, .limits = {}}};
  EXPECT_THAT(EncodeText(share_->for_searches()), IsOk());
  std::vector<size_t> turns;
  fake_->before_encode_clips = [&](size_t requests) { turns.push_back(requests); };
  const auto encodings = share_->for_jobs().EncodeClips(clips, TokenFormat::kFp16);
  EXPECT_THAT(turns, ElementsAre(2, 1));
  ASSERT_EQ(encodings.size(), 3U);
  EXPECT_EQ(encodings[2]->frames.size(), 3U);
}

TEST_F(EncoderShareTest, AJobWaitsForSearchesBetweenItsTurns) {
  std::promise<void> first_turn;
  std::promise<void> go_on;
  std::atomic<int> turns{0};
  fake_->before_encode_images = [&](size_t) {
    if (++turns > 1) return;
    first_turn.set_value();
    go_on.get_future().wait();
  };
  std::optional<EncoderShare::Pass> search;
  std::jthread job([&] { EXPECT_EQ(Encode(share_->for_jobs(), 6).size(), 6U); });
  first_turn.get_future().wait();
  search.emplace(*share_);  // A search comes while the first turn runs.
  go_on.set_value();
  EXPECT_THAT(EncodeText(share_->for_searches()), IsOk());
  EXPECT_THAT(EncodeText(share_->for_searches()), IsOk());
  EXPECT_EQ(turns, 1) << "two calls are not enough to let the job go on";
  search.reset();
  job.join();
  EXPECT_EQ(turns, 2) << "four pictures before the search came, two after it";
}

TEST_F(EncoderShareTest, ABusyServerStillIndexes) {
  std::atomic<bool> done{false};
  const EncoderShare::Pass busy(*share_);  // There is always some search.
  std::jthread job([&] {
    EXPECT_EQ(Encode(share_->for_jobs(), 6).size(), 6U);
    done = true;
  });
  size_t calls = 0;
  for (; !done && calls < 1'000'000; ++calls) EXPECT_THAT(EncodeText(share_->for_searches()), IsOk());
  EXPECT_TRUE(done);
  EXPECT_GE(calls, 9U) << "three calls before each turn";
}

TEST_F(EncoderShareTest, SaysWhatTheEncoderSays) {
  EXPECT_EQ(share_->for_jobs().info().fingerprint, "fake");
  EXPECT_EQ(&share_->for_searches().info(), &fake_->info());
}

}  // namespace
}  // namespace sightline::encoder
