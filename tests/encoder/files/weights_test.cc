// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/weights.h"

#include <algorithm>

#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::SourceTree;

constexpr auto kInvalid = ErrorCode::kInvalidArgument;

ModelConfig BaseAt(int image_res) {
  ModelConfig config;
  config.vision.image_res = image_res;
  return config;
}

ModelConfig LargeAt(int image_res) {
  ModelConfig config = BaseAt(image_res);
  config.vision.width = config.text.width = 1024;
  config.vision.heads = config.text.heads = 16;
  config.vision.mlp_width = config.text.mlp_width = 4096;
  config.vision.depth = 24;
  return config;
}

/// The multilingual variant with an XLM-R of that many layers.
ModelConfig Plus(ModelConfig config, int text_layers) {
  config.text.kind = TextKind::kXlmRoberta;
  config.text.vocab_size = 250002;
  config.text.max_positions = 514;
  config.text.type_vocab_size = 1;
  config.text.layers = config.text.fusion_at = text_layers;
  config.cross = CrossConfig{};
  return config;
}

ShapeTable TableOf(const ModelConfig& config) {
  ShapeTable table;
  const auto weights = ExpectedWeights(config);
  for (const WeightSpec& weight : *weights) table.emplace(weight.name, weight.shape);
  return table;
}

// x2vlm-spec section 1 counts state-dict keys, which include one index buffer per vision block and the position ids.
TEST(WeightsTest, CensusOfTheRetrievalModelsIsThatOfTheReference) {
  const auto base = ExpectedWeights(BaseAt(384));
  ASSERT_THAT(base, IsOk());
  EXPECT_EQ(base->size(), 574U - 12 - 1);
  EXPECT_EQ(ParameterCount(*base), 253'158'467U);

  const auto large = ExpectedWeights(LargeAt(384));
  ASSERT_THAT(large, IsOk());
  EXPECT_EQ(large->size(), 778U - 24 - 1);
  EXPECT_EQ(ParameterCount(*large), 590'323'715U);
}

TEST(WeightsTest, CensusOfThePlusVariantIsThatOfTheReference) {
  EXPECT_EQ(ParameterCount(*ExpectedWeights(Plus(BaseAt(224), 12))), 421'506'755U);
  EXPECT_EQ(ParameterCount(*ExpectedWeights(Plus(LargeAt(224), 24))), 965'658'627U);
}

TEST(WeightsTest, NamesAreUnique) {
  const auto weights = ExpectedWeights(Plus(LargeAt(384), 24));
  EXPECT_EQ(TableOf(Plus(LargeAt(384), 24)).size(), weights->size());
}

TEST(WeightsTest, FlagsAddTheirWeights) {
  ModelConfig config = BaseAt(224);
  EXPECT_FALSE(TableOf(config).contains("vision_encoder.pos_embed"));
  EXPECT_FALSE(TableOf(config).contains("absolute_frame_pos_embed"));
  EXPECT_EQ(TableOf(config).at("vision_encoder.blocks.11.attn.relative_position_bias_table"), (Shape{732, 12}));
  config.vision.abs_pos_embed = true;
  config.vision.rel_pos_bias = false;
  config.add_frame_pos = true;
  EXPECT_EQ(TableOf(config).at("vision_encoder.pos_embed"), (Shape{1, 197, 768}));
  EXPECT_EQ(TableOf(config).at("absolute_frame_pos_embed"), (Shape{1, 3, 1, 768}));
  EXPECT_FALSE(TableOf(config).contains("vision_encoder.blocks.11.attn.relative_position_bias_table"));
}

TEST(WeightsTest, OtherTowersAreUnsupported) {
  ModelConfig config = BaseAt(224);
  config.vision.kind = VisionKind::kSwin;
  EXPECT_THAT(ExpectedWeights(config), IsErrorWith(ErrorCode::kUnsupported, "vision.kind"));
}

TEST(WeightsTest, ExactlyTheExpectedWeightsPass) {
  EXPECT_THAT(CheckWeights(BaseAt(384), TableOf(BaseAt(384))), IsOk());
}

TEST(WeightsTest, IgnorableExtrasPass) {
  ShapeTable table = TableOf(BaseAt(384));
  table.emplace("vision_encoder.blocks.3.attn.relative_position_index", Shape{577, 577});
  table.emplace("text_encoder.embeddings.position_ids", Shape{1, 512});
  table.emplace("text_encoder.cls.predictions.bias", Shape{30522});
  table.emplace("bbox_head.0.weight", Shape{1536, 768});
  table.emplace("absolute_frame_pos_embed", Shape{1, 3, 1, 768});
  EXPECT_THAT(CheckWeights(BaseAt(384), table), IsOk());
}

TEST(WeightsTest, MissingWeightIsNamed) {
  ShapeTable table = TableOf(BaseAt(384));
  table.erase("text_encoder.encoder.layer.7.output.dense.bias");
  EXPECT_THAT(CheckWeights(BaseAt(384), table),
              IsErrorWith(kInvalid, "weight missing: text_encoder.encoder.layer.7.output.dense.bias (768)"));
  table.erase("temp");
  EXPECT_THAT(CheckWeights(BaseAt(384), table), IsErrorWith(kInvalid, "(and 1 more)"));
}

TEST(WeightsTest, ExtraWeightIsNamed) {
  ShapeTable table = TableOf(BaseAt(384));
  table.emplace("vision_encoder.blocks.12.gamma_1", Shape{768});
  EXPECT_THAT(CheckWeights(BaseAt(384), table), IsErrorWith(kInvalid, "vision_encoder.blocks.12.gamma_1"));
}

TEST(WeightsTest, MisshapenWeightIsNamedWithBothShapes) {
  EXPECT_THAT(CheckWeights(BaseAt(384), TableOf(BaseAt(224))),
              IsErrorWith(kInvalid,
                          "vision_encoder.blocks.0.attn.relative_position_bias_table has shape (732, 12), the model "
                          "needs (2212, 12) (and 11 more)"));
}

TEST(WeightsTest, FrameEmbeddingOfAnotherLengthIsMisshapenWhenItIsUsed) {
  ModelConfig config = BaseAt(384);
  config.add_frame_pos = true;
  ShapeTable table = TableOf(config);
  config.frame_len = 8;
  EXPECT_THAT(CheckWeights(config, table), IsErrorWith(kInvalid, "absolute_frame_pos_embed"));
}

TEST(WeightsFileTest, TheSmallModelsFilePasses) {
  const auto config = ParseModelConfig(ReadTestFile(SourceTree("models/sightline-small/config.json")));
  const auto file = SafetensorsFile::Open(SourceTree("models/sightline-small/weights.safetensors"));
  ASSERT_THAT(config, IsOk());
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(CheckWeightsFile(*config, *file), IsOk());
}

}  // namespace
}  // namespace sightline::encoder
