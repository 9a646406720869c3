// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/dims.h"

#include "encoder/files/weights.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TestData;

constexpr auto kInvalid = ErrorCode::kInvalidArgument;

std::string Changed(const std::string& from, const std::string& to) {
  std::string text = ReadTestFile(TestData("retrieval_tiny/dims.json"));
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

uint64_t Parameters(ModelSize size, ModelVariant variant, int image_res) {
  ModelConfig config = PresetConfig(size, variant);
  config.vision.image_res = image_res;
  const auto weights = ExpectedWeights(config);
  return weights ? ParameterCount(*weights) : 0;
}

// x2vlm-spec section 1.
TEST(DimsTest, PresetsHaveTheParametersOfThePublishedModels) {
  EXPECT_EQ(Parameters(ModelSize::kBase, ModelVariant::kStandard, 384), 253'158'467U);
  EXPECT_EQ(Parameters(ModelSize::kLarge, ModelVariant::kStandard, 384), 590'323'715U);
  EXPECT_EQ(Parameters(ModelSize::kBase, ModelVariant::kPlus, 224), 421'506'755U);
  EXPECT_EQ(Parameters(ModelSize::kLarge, ModelVariant::kPlus, 224), 965'658'627U);
}

TEST(DimsTest, PresetsAreValidConfigurations) {
  for (const ModelSize size : {ModelSize::kBase, ModelSize::kLarge}) {
    for (const ModelVariant variant : {ModelVariant::kStandard, ModelVariant::kPlus}) {
      EXPECT_THAT(ParseModelConfig(ModelConfigToJson(PresetConfig(size, variant))), IsOk());
    }
  }
}

TEST(DimsTest, ReadsTheFixture) {
  const auto config = ParseDims(ReadTestFile(TestData("retrieval_tiny/dims.json")), ModelVariant::kStandard);
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->vision.image_res, 64);
  EXPECT_EQ(config->vision.heads, 4);
  EXPECT_EQ(config->vision.depth, 3);
  EXPECT_EQ(config->text.layers, 5);
  EXPECT_EQ(config->text.fusion_at, 3);
  EXPECT_EQ(config->text.norm_eps, 1e-12);
  EXPECT_EQ(config->head_norm_eps, 1e-5);
  EXPECT_EQ(config->embed_dim, 32);
  EXPECT_EQ(config->tokenizer.max_tokens, 40);
  EXPECT_FALSE(config->cross.has_value());
}

TEST(DimsTest, PlusKeysReplaceTheOthersInThePlusVariant) {
  const std::string text = ReadTestFile(TestData("eps_probe/dims.json"));
  const auto standard = ParseDims(text, ModelVariant::kStandard);
  const auto plus = ParseDims(text, ModelVariant::kPlus);
  ASSERT_THAT(standard, IsOk());
  ASSERT_THAT(plus, IsOk());
  EXPECT_EQ(standard->text.max_positions, 16);
  EXPECT_EQ(standard->tokenizer.max_tokens, 16) << "no more than there are positions";
  EXPECT_FALSE(standard->cross.has_value());
  EXPECT_EQ(plus->text.kind, TextKind::kXlmRoberta);
  EXPECT_EQ(plus->text.layers, 2);
  EXPECT_EQ(plus->text.fusion_at, 2);
  EXPECT_EQ(plus->text.pad_id, 1);
  EXPECT_EQ(plus->text.norm_eps, 1e-5);
  EXPECT_EQ(plus->tokenizer.max_tokens, 16) << "18 positions, the first two of which no token gets";
  ASSERT_TRUE(plus->cross.has_value());
  EXPECT_EQ(plus->cross->layers, 2);
  EXPECT_EQ(plus->cross->norm_eps, 1e-12);
}

TEST(DimsMalformedTest, WrongDimsAreNamed) {
  EXPECT_THAT(ParseDims("", ModelVariant::kStandard), IsError(ErrorCode::kCorruption));
  const auto reading = [](const std::string& from, const std::string& to) {
    return ParseDims(Changed(from, to), ModelVariant::kStandard);
  };
  EXPECT_THAT(reading("\"vision_heads\"", "\"vision_hats\""), IsErrorWith(kInvalid, "vision_heads: missing"));
  EXPECT_THAT(reading("{", "{\"vision_hats\": 3,"), IsErrorWith(kInvalid, "\"vision_hats\": unknown key"));
  EXPECT_THAT(reading("\"embed_dim\": 32", "\"embed_dim\": null"), IsErrorWith(kInvalid, "embed_dim: missing"));
  EXPECT_THAT(reading("\"vision_heads\": 4", "\"vision_heads\": 5"), IsErrorWith(kInvalid, "does not divide"));
  EXPECT_THAT(reading("\"vocab_size\": 1000", "\"vocab_size\": 2000000000"), IsErrorWith(kInvalid, "vocab_size"));
  EXPECT_THAT(reading("{", "{\"text_encoder\": \"xlm-r\","), IsErrorWith(kInvalid, "standard variant"));
}

TEST(DimsMalformedTest, DimsOfTheOtherVariantAreRefused) {
  EXPECT_THAT(ParseDims(ReadTestFile(TestData("retrieval_tiny/dims.json")), ModelVariant::kPlus),
              IsErrorWith(kInvalid, "cross_num_hidden_layers: missing"));
}

}  // namespace
}  // namespace sightline::encoder
