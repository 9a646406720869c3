// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/model/plain_model_internal.h"

#include <optional>
#include <string>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "encoder/model/vision_tower_internal.h"
#include "tests/encoder/support/tensor_fixtures.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using testing::FixtureModel;
using testing::ImportFixture;
using testing::IsCloseTo;
using testing::LargestValue;
using testing::ReadTensors;
using testing::TestData;

constexpr double kTolerance = 1e-4;

PlainModel LoadPlain(const std::string& file, std::optional<int> image_res = {}) {
  FixtureModel fixture = ImportFixture(file, image_res);
  return PlainModel(std::move(fixture.config), std::move(fixture.weights));
}

/// All outputs of a model for some pictures and texts, by the names of the fixtures.
NamedTensors RunAll(const PlainModel& model, const at::Tensor& images, const at::Tensor& ids, const at::Tensor& mask,
                    const LayerObserver& observer = {}) {
  NamedTensors out;
  const at::Tensor vision = model.Vision(images, observer);
  const at::Tensor text = model.Text(ids, mask, observer);
  const int64_t pictures = images.size(0);
  const int64_t texts = ids.size(0);
  // Picture-major pairs: pair = picture * texts + text.
  const at::Tensor pair_text = text.repeat({pictures, 1, 1});
  const at::Tensor pair_mask = mask.repeat({pictures, 1});
  const at::Tensor fusion = model.Fusion(pair_text, pair_mask, vision.repeat_interleave(texts, 0), observer);
  out["vision_tokens"] = vision;
  out["image_feat"] = model.ImageEmbedding(vision);
  out["text_tokens"] = text;
  out["text_feat"] = model.TextEmbedding(text);
  out["itc"] = at::matmul(out["image_feat"], out["text_feat"].t());
  out["fusion"] = fusion;
  out["itm_logits"] = model.MatchLogits(fusion).view({pictures, texts, 2});
  return out;
}

NamedTensors RunFixture(const PlainModel& model, const NamedTensors& inputs, const LayerObserver& observer = {}) {
  return RunAll(model, inputs.at("image"), inputs.at("text_ids"), inputs.at("text_mask"), observer);
}

TEST(PlainModelParityTest, RetrievalTinyEqualsTheReference) {
  const PlainModel model = LoadPlain("retrieval_tiny/model.th");
  NamedTensors layers;
  const auto observer = [&](std::string_view name, const at::Tensor& value) { layers[std::string(name)] = value; };
  const NamedTensors outputs = RunFixture(model, ReadTensors(TestData("retrieval_tiny/inputs.safetensors")), observer);
  NamedTensors expected = ReadTensors(TestData("retrieval_tiny/expected.safetensors"));
  EXPECT_THAT(outputs.at("fusion").slice(0, 5, 6), IsCloseTo(expected.at("full_mode_pair_1_1"), kTolerance));
  expected.erase("full_mode_pair_1_1");
  for (const auto& [name, value] : expected) EXPECT_THAT(outputs.at(name), IsCloseTo(value, kTolerance)) << name;
  const NamedTensors expected_layers = ReadTensors(TestData("retrieval_tiny/layers.safetensors"));
  EXPECT_EQ(expected_layers.size(), 15U);
  for (const auto& [name, value] : expected_layers) {
    ASSERT_TRUE(layers.contains(name)) << name;
    EXPECT_THAT(layers.at(name), IsCloseTo(value, kTolerance)) << name;
  }
}

TEST(PlainModelParityTest, LegacyCheckpointGivesTheSameModel) {
  const NamedTensors zip = ImportFixture("retrieval_tiny/model.th").weights;
  const NamedTensors legacy = ImportFixture("retrieval_tiny/model_legacy.th").weights;
  ASSERT_EQ(zip.size(), legacy.size());
  for (const auto& [name, value] : zip) EXPECT_THAT(legacy.at(name), IsCloseTo(value, 0.0)) << name;
}

class PretrainTinyParityTest : public ::testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(PretrainTinyParityTest, FineTunedLoadEqualsTheReference) {
  const auto& [from, to] = GetParam();
  const PlainModel model = LoadPlain("pretrain_tiny/pretrain_" + from + ".th", std::stoi(to));
  const NamedTensors inputs = ReadTensors(TestData("pretrain_tiny/inputs.safetensors"));
  NamedTensors layers;
  NamedTensors outputs = RunAll(model, inputs.at("image_" + to), inputs.at("text_ids"), inputs.at("text_mask"),
                                [&](std::string_view name, const at::Tensor& value) { layers.emplace(name, value); });
  outputs["vision.block0"] = layers.at("vision.block0");
  const std::string prefix = from.substr(0, 2) + "_to_" + to + ".";
  size_t compared = 0;
  for (const auto& [name, value] : ReadTensors(TestData("pretrain_tiny/expected.safetensors"))) {
    if (!name.starts_with(prefix)) continue;
    const std::string key = name.substr(prefix.size());
    const bool table = key.starts_with("blocks.");
    const std::string weight = "vision_encoder." + key.substr(0, 9) + "attn.relative_position_bias_table";
    EXPECT_THAT(table ? model.weights().at(weight) : outputs.at(key), IsCloseTo(value, table ? 1e-6 : kTolerance))
        << name;
    ++compared;
  }
  EXPECT_EQ(compared, 10U);
}

INSTANTIATE_TEST_SUITE_P(Resolutions, PretrainTinyParityTest,
                         ::testing::Values(std::pair("64", "96"), std::pair("96", "64"), std::pair("64", "64"),
                                           std::pair("64_torch113", "64")));

void ExpectRelativelyClose(const NamedTensors& outputs, const std::string& prefix) {
  size_t compared = 0;
  for (const auto& [name, value] : ReadTensors(TestData("eps_probe/expected.safetensors"))) {
    if (!name.starts_with(prefix)) continue;
    const at::Tensor& output = outputs.at(name.substr(prefix.size()));
    EXPECT_THAT(output, IsCloseTo(value, kTolerance * LargestValue(value))) << name;
    ++compared;
  }
  EXPECT_EQ(compared, 7U);
}

TEST(EpsProbeParityTest, StandardModelUsesTheRightEpsilons) {
  const PlainModel model = LoadPlain("eps_probe/standard.th");
  ExpectRelativelyClose(RunFixture(model, ReadTensors(TestData("eps_probe/inputs.safetensors"))), "standard.");
}

TEST(EpsProbeParityTest, PlusModelUsesTheRightEpsilons) {
  const PlainModel model = LoadPlain("eps_probe/plus.th");
  const NamedTensors inputs = ReadTensors(TestData("eps_probe/inputs.safetensors"));
  ExpectRelativelyClose(RunAll(model, inputs.at("image"), inputs.at("plus_text_ids"), inputs.at("plus_text_mask")),
                        "plus.");
}

TEST(PlainModelTest, GradientsReachEveryParameter) {
  auto [config, weights] = ImportFixture("retrieval_tiny/model.th");
  for (auto& [name, value] : weights) value = value.clone().requires_grad_();
  const PlainModel model(config, weights);
  const NamedTensors out = RunFixture(model, ReadTensors(TestData("retrieval_tiny/inputs.safetensors")));
  (out.at("itm_logits").square().sum() + out.at("itc").square().sum()).backward();
  for (const auto& [name, value] : weights) {
    if (name == "temp") continue;  // takes part in the loss, not in the model (x2vlm-spec section 6)
    ASSERT_TRUE(value.grad().defined()) << name;
    EXPECT_GT(LargestValue(value.grad()), 0) << name;
  }
}

TEST(PlainModelTest, PaddingDoesNotChangeTheFirstToken) {
  const PlainModel model = LoadPlain("retrieval_tiny/model.th");
  const NamedTensors inputs = ReadTensors(TestData("retrieval_tiny/inputs.safetensors"));
  const at::Tensor ids = inputs.at("text_ids").slice(0, 1, 2);
  const at::Tensor mask = inputs.at("text_mask").slice(0, 1, 2);
  const at::Tensor padded = model.Text(ids, mask).select(1, 0);
  const at::Tensor cut = model.Text(ids.slice(1, 0, 7), mask.slice(1, 0, 7)).select(1, 0);
  EXPECT_THAT(cut, IsCloseTo(padded, 1e-5));
}

TEST(PlainModelTest, FramesAreAveragedWithTheirPositions) {
  auto [config, weights] = ImportFixture("retrieval_tiny/model.th");
  const at::Tensor frames = at::zeros({1, 3, 17, 64});
  frames[0][0].fill_(1.0f);
  frames[0][1].fill_(4.0f);
  frames[0][2].fill_(7.0f);
  EXPECT_THAT(PlainModel(config, weights).PoolFrames(frames), IsCloseTo(at::zeros({1, 17, 64}) + 4.0, 1e-6));
  config.add_frame_pos = true;
  const at::Tensor positions = at::zeros({1, 3, 1, 64});
  positions[0][2].fill_(6.0f);
  weights["absolute_frame_pos_embed"] = positions;
  EXPECT_THAT(PlainModel(config, weights).PoolFrames(frames), IsCloseTo(at::zeros({1, 17, 64}) + 6.0, 1e-6));
}

}  // namespace
}  // namespace sightline::encoder
