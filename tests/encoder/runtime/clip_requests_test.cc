// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/clip_requests_internal.h"

#include <chrono>
#include <vector>

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "encoder/model/plain_model_internal.h"
#include "encoder/runtime/image_requests_internal.h"
#include "encoder/runtime/tensors_internal.h"
#include "tests/encoder/support/tensor_fixtures.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using testing::FixtureModel;
using ::testing::FloatNear;
using testing::ImportFixture;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using ::testing::Pointwise;

constexpr int kRes = 64;
constexpr float kTolerance = 1e-4f;
constexpr auto kInvalid = ErrorCode::kInvalidArgument;

/// A picture of coloured stripes; another `seed` gives another picture.
ImageRgb8 Stripes(size_t seed) {
  ImageRgb8 picture{kRes, kRes, {}};
  for (size_t i = 0; i < size_t{3} * kRes * kRes; ++i) {
    picture.pixels.push_back(static_cast<uint8_t>((seed + 3) * i * 7 % 251));
  }
  return picture;
}

std::vector<ImageRgb8> ManyStripes(size_t count) {
  std::vector<ImageRgb8> pictures;
  for (size_t seed = 0; seed < count; ++seed) pictures.push_back(Stripes(seed));
  return pictures;
}

std::vector<float> Floats(const TokenMatrix& matrix) {
  std::vector<float> values(static_cast<size_t>(matrix.tokens) * matrix.width);
  EXPECT_THAT(ExpandTokenMatrix(matrix, values), IsOk());
  return values;
}

using Frames = std::vector<const ImageRgb8*>;

/// The model of the fixture video_tiny: 3 frames with positions.
class ClipRequestsTest : public ::testing::Test {
 protected:
  std::vector<Result<ClipEncoding>> Run(const std::vector<ClipRequest>& requests,
                                        TokenFormat format = TokenFormat::kFp32) const {
    return RunClipRequests(model_, fixture_.config, requests, format);
  }

  ClipEncoding RunOne(const Frames& frames) const {
    auto results = Run({{frames, {}}});
    EXPECT_THAT(results.at(0), IsOk());
    return std::move(results.at(0)).value_or(ClipEncoding{});
  }

  /// What the plain form makes of one clip.
  void ExpectPlainForm(const ClipEncoding& encoding, const Frames& frames) const {
    const PlainModel plain(fixture_.config, fixture_.weights);
    const at::Tensor tokens = plain.Vision(NormalisePixels(frames, kRes));
    const at::Tensor pooled = plain.PoolFrames(tokens.unsqueeze(0));
    EXPECT_THAT(Floats(encoding.patches), Pointwise(FloatNear(kTolerance), ToVector(pooled)));
    EXPECT_THAT(encoding.embedding, Pointwise(FloatNear(kTolerance), ToVector(plain.ImageEmbedding(pooled))));
    const at::Tensor embeddings = plain.ImageEmbedding(tokens);
    ASSERT_EQ(encoding.frames.size(), frames.size());
    for (size_t k = 0; k < frames.size(); ++k) {
      const auto row = static_cast<int64_t>(k);
      EXPECT_THAT(encoding.frames[k], Pointwise(FloatNear(kTolerance), ToVector(embeddings[row]))) << k;
    }
  }

  const c10::InferenceMode inference_;
  FixtureModel fixture_ = ImportFixture("video_tiny/model_3_frames.th");
  FastModel model_{fixture_.config, fixture_.weights, {at::kCPU, at::kFloat}};
  const std::vector<ImageRgb8> pictures_ = ManyStripes(12);
};

TEST_F(ClipRequestsTest, ClipsAcrossBatchesEqualThePlainForm) {
  std::vector<Frames> clips;
  for (size_t i = 0; i < 4; ++i) clips.push_back({&pictures_[3 * i], &pictures_[3 * i + 1], &pictures_[3 * i + 2]});
  std::vector<ClipRequest> requests;
  for (const Frames& frames : clips) requests.push_back({frames, {}});
  const auto results = Run(requests);  // 12 frames in batches of 8: the third clip has frames in both
  ASSERT_EQ(results.size(), clips.size());
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_THAT(results[i], IsOk());
    ExpectPlainForm(*results[i], clips[i]);
  }
}

TEST_F(ClipRequestsTest, RepeatedAndSharedFramesCountAtEachOfTheirPlaces) {
  const Frames doubled = {&pictures_[0], &pictures_[0], &pictures_[1]};
  const Frames overlapping = {&pictures_[1], &pictures_[2], &pictures_[0]};
  const auto results = Run({{doubled, {}}, {overlapping, {}}});
  ASSERT_THAT(results.at(0), IsOk());
  ASSERT_THAT(results.at(1), IsOk());
  ExpectPlainForm(*results[0], doubled);
  ExpectPlainForm(*results[1], overlapping);
}

TEST_F(ClipRequestsTest, FrameEmbeddingsAreThoseOfPictures) {
  const ClipEncoding clip = RunOne({&pictures_[0], &pictures_[1], &pictures_[2]});
  for (size_t k = 0; k < 3; ++k) {
    const ImageRequest request{&pictures_[k], {}};
    const auto pictures = RunImageRequests(model_, fixture_.config, {&request, 1}, TokenFormat::kInt8);
    ASSERT_THAT(pictures.at(0), IsOk());
    EXPECT_THAT(clip.frames.at(k), Pointwise(FloatNear(1e-5f), pictures.at(0)->embedding)) << k;
  }
}

TEST_F(ClipRequestsTest, WithoutFramePositionsAnyNumberOfFramesIsAClip) {
  fixture_.config.add_frame_pos = false;
  model_ = FastModel(fixture_.config, fixture_.weights, {at::kCPU, at::kFloat});
  Frames frames;
  for (const ImageRgb8& picture : pictures_) frames.push_back(&picture);
  ExpectPlainForm(RunOne(frames), frames);
  ExpectPlainForm(RunOne({frames[0]}), {frames[0]});
}

TEST_F(ClipRequestsTest, PatchesComeInTheFormatAskedFor) {
  const Frames frames = {&pictures_[0], &pictures_[1], &pictures_[2]};
  const auto results = Run({{frames, {}}}, TokenFormat::kInt8);
  ASSERT_THAT(results.at(0), IsOk());
  EXPECT_EQ(results[0]->patches.format, TokenFormat::kInt8);
  EXPECT_THAT(Floats(results[0]->patches), Pointwise(FloatNear(0.05f), Floats(RunOne(frames).patches)));
}

TEST_F(ClipRequestsTest, BadClipsFailAloneWithAReason) {
  ImageRgb8 small = Stripes(0);
  small.width = 32;
  const Frames good = {&pictures_[0], &pictures_[1], &pictures_[2]};
  const Frames none, two = {&pictures_[0], &pictures_[1]};
  const Frames with_null = {&pictures_[0], nullptr, &pictures_[1]}, with_small = {&pictures_[0], &pictures_[1], &small};
  const auto results = Run({{none, {}}, {two, {}}, {good, {}}, {with_null, {}}, {with_small, {}}});
  ASSERT_EQ(results.size(), 5U);
  EXPECT_THAT(results[0], IsErrorWith(kInvalid, "without frames"));
  EXPECT_THAT(results[1], IsErrorWith(kInvalid, "2 frames"));
  ASSERT_THAT(results[2], IsOk());
  EXPECT_THAT(results[3], IsErrorWith(kInvalid, "no picture"));
  EXPECT_THAT(results[4], IsErrorWith(kInvalid, "32 x 64"));
  ExpectPlainForm(*results[2], good);
}

TEST_F(ClipRequestsTest, ExpiredAndStoppedClipsFailAloneEvenWhenTheyShareFrames) {
  std::stop_source stopped;
  stopped.request_stop();
  const Frames frames = {&pictures_[0], &pictures_[1], &pictures_[2]};
  const auto results =
      Run({{frames, Limits::After(std::chrono::seconds(-1))}, {frames, {}}, {frames, {.stop = stopped.get_token()}}});
  ASSERT_EQ(results.size(), 3U);
  EXPECT_THAT(results[0], IsError(ErrorCode::kDeadlineExceeded));
  EXPECT_THAT(results[1], IsOk());
  EXPECT_THAT(results[2], IsError(ErrorCode::kCancelled));
}

TEST_F(ClipRequestsTest, NoRequestsGiveNoResults) { EXPECT_TRUE(Run({}).empty()); }

}  // namespace
}  // namespace sightline::encoder
