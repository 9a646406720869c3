// SPDX-License-Identifier: BSD-3-Clause
// Clips of both forms of the model against the fixture video_tiny (x2vlm-spec section 7).
#include <string>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/matmul.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "encoder/model/plain_model_internal.h"
#include "encoder/runtime/fast_model_internal.h"
#include "tests/encoder/support/tensor_fixtures.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using testing::FixtureModel;
using testing::ImportFixture;
using testing::IsCloseTo;
using testing::ReadTensors;
using testing::TestData;

constexpr double kTolerance = 1e-4;
constexpr const char* kCheckpoint = "video_tiny/model_3_frames.th";

NamedTensors Inputs() { return ReadTensors(TestData("video_tiny/inputs.safetensors")); }
NamedTensors Expected() { return ReadTensors(TestData("video_tiny/expected.safetensors")); }

PlainModel Plain(const FixtureModel& fixture) { return PlainModel(fixture.config, fixture.weights); }
FastModel Fast(const FixtureModel& fixture) {
  return FastModel(fixture.config, fixture.weights, {at::kCPU, at::kFloat});
}

/// Clips (B, F, 3, res, res) to the tokens of their frames, (B, F, N+1, D), without frame positions.
template <typename Model>
at::Tensor FrameTokens(const Model& model, const at::Tensor& clips) {
  return model.Vision(clips.flatten(0, 1)).unflatten(0, {clips.size(0), clips.size(1)});
}

template <typename Model>
at::Tensor ClipTokens(const Model& model, const at::Tensor& clips) {
  return model.PoolFrames(FrameTokens(model, clips));
}

TEST(VideoTinyParityTest, PlainFormEqualsTheReference) {
  const c10::InferenceMode inference;
  const FixtureModel fixture = ImportFixture(kCheckpoint);
  ASSERT_TRUE(fixture.config.add_frame_pos);
  const PlainModel model = Plain(fixture);
  const NamedTensors inputs = Inputs();
  const NamedTensors expected = Expected();
  const at::Tensor frames = FrameTokens(model, inputs.at("clip"));
  EXPECT_THAT(frames + fixture.weights.at("absolute_frame_pos_embed"),
              IsCloseTo(expected.at("frame_tokens_with_position"), kTolerance));
  const at::Tensor clips = model.PoolFrames(frames);
  EXPECT_THAT(clips, IsCloseTo(expected.at("clip_tokens"), kTolerance));
  const at::Tensor& mask = inputs.at("text_mask");
  const at::Tensor states = model.Text(inputs.at("text_ids"), mask);
  const at::Tensor clip_feat = model.ImageEmbedding(clips);
  const at::Tensor text_feat = model.TextEmbedding(states);
  EXPECT_THAT(clip_feat, IsCloseTo(expected.at("clip_feat"), kTolerance));
  EXPECT_THAT(text_feat, IsCloseTo(expected.at("text_feat"), kTolerance));
  EXPECT_THAT(at::matmul(clip_feat, text_feat.t()), IsCloseTo(expected.at("itc"), kTolerance));
  EXPECT_THAT(model.MatchLogits(model.Fusion(states, mask, clips)),
              IsCloseTo(expected.at("itm_logits_clip_i_text_i"), kTolerance));
}

TEST(VideoTinyParityTest, FastFormEqualsTheReference) {
  const c10::InferenceMode inference;
  const FastModel model = Fast(ImportFixture(kCheckpoint));
  const NamedTensors inputs = Inputs();
  const NamedTensors expected = Expected();
  const at::Tensor clips = ClipTokens(model, inputs.at("clip"));
  EXPECT_THAT(clips, IsCloseTo(expected.at("clip_tokens"), kTolerance));
  const at::Tensor clip_feat = model.ImageEmbedding(clips);
  EXPECT_THAT(clip_feat, IsCloseTo(expected.at("clip_feat"), kTolerance));
  for (int64_t i = 0; i < 2; ++i) {
    const int64_t length = inputs.at("text_mask")[i].sum().item<int64_t>();
    const at::Tensor states = model.Text(inputs.at("text_ids").slice(0, i, i + 1).slice(1, 0, length));
    const at::Tensor text_feat = model.TextEmbedding(states)[0];
    EXPECT_THAT(text_feat, IsCloseTo(expected.at("text_feat")[i], kTolerance)) << i;
    EXPECT_THAT(at::matmul(clip_feat, text_feat), IsCloseTo(expected.at("itc").select(1, i), kTolerance)) << i;
    const at::Tensor fused = model.fusion().Run(model.fusion().Prepare(states), {}, clips.slice(0, i, i + 1));
    EXPECT_THAT(model.MatchLogits(fused)[0], IsCloseTo(expected.at("itm_logits_clip_i_text_i")[i][1], kTolerance)) << i;
  }
}

TEST(VideoTinyParityTest, PicturesGetNoFramePosition) {
  const c10::InferenceMode inference;
  const FixtureModel fixture = ImportFixture(kCheckpoint);
  const NamedTensors expected = Expected();
  const at::Tensor image = Inputs().at("image");
  const auto expect = [&](const auto& model) {
    const at::Tensor tokens = model.Vision(image);
    EXPECT_THAT(tokens, IsCloseTo(expected.at("image_tokens"), kTolerance));
    EXPECT_THAT(model.ImageEmbedding(tokens), IsCloseTo(expected.at("image_feat"), kTolerance));
  };
  expect(Plain(fixture));
  expect(Fast(fixture));
}

TEST(VideoTinyParityTest, WithoutFramePositionsTheMeanIsPlain) {
  const c10::InferenceMode inference;
  FixtureModel fixture = ImportFixture(kCheckpoint);
  fixture.config.add_frame_pos = false;
  fixture.weights.erase("absolute_frame_pos_embed");
  const at::Tensor clip = Inputs().at("clip");
  const at::Tensor expected = Expected().at("clip_tokens_add_frame_pos_false");
  EXPECT_THAT(ClipTokens(Plain(fixture), clip), IsCloseTo(expected, kTolerance));
  EXPECT_THAT(ClipTokens(Fast(fixture), clip), IsCloseTo(expected, kTolerance));
}

TEST(VideoTinyParityTest, ImportForFewerFramesKeepsTheFirstPositions) {
  const c10::InferenceMode inference;
  const FixtureModel fixture = ImportFixture(kCheckpoint, {}, 2);
  const NamedTensors expected = Expected();
  EXPECT_THAT(fixture.weights.at("absolute_frame_pos_embed"),
              IsCloseTo(expected.at("loaded_into_2.absolute_frame_pos_embed"), 0.0));
  const at::Tensor clip = Inputs().at("clip").slice(1, 0, 2);
  EXPECT_THAT(ClipTokens(Plain(fixture), clip), IsCloseTo(expected.at("loaded_into_2.clip_tokens"), kTolerance));
  EXPECT_THAT(ClipTokens(Fast(fixture), clip), IsCloseTo(expected.at("loaded_into_2.clip_tokens"), kTolerance));
}

// The reference leaves the positions that the checkpoint lacks at random values; ours are 0 (ImportOptions::frame_len).
TEST(VideoTinyParityTest, ImportForMoreFramesGivesTheOthersNoPosition) {
  const c10::InferenceMode inference;
  const FixtureModel fixture = ImportFixture(kCheckpoint, {}, 5);
  const NamedTensors expected = Expected();
  const at::Tensor& positions = fixture.weights.at("absolute_frame_pos_embed");
  ASSERT_EQ(positions.size(1), 5);
  EXPECT_THAT(positions.slice(1, 0, 3), IsCloseTo(expected.at("loaded_into_5.absolute_frame_pos_embed_rows_0_2"), 0.0));
  EXPECT_EQ(testing::LargestValue(positions.slice(1, 3, 5)), 0);
  const at::Tensor clip = Inputs().at("clip_5_frames");
  const at::Tensor& tokens = expected.at("loaded_into_5.clip_tokens_rows_3_4_zero");
  EXPECT_THAT(ClipTokens(Plain(fixture), clip), IsCloseTo(tokens, kTolerance));
  EXPECT_THAT(ClipTokens(Fast(fixture), clip), IsCloseTo(tokens, kTolerance));
}

}  // namespace
}  // namespace sightline::encoder
