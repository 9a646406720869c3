// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/model_config.h"

#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::SourceTree;

constexpr auto kInvalid = ErrorCode::kInvalidArgument;

/// The small model's configuration with one piece of text replaced.
std::string Changed(const std::string& from, const std::string& to) {
  std::string text = ReadTestFile(SourceTree("models/sightline-small/config.json"));
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ModelConfigTest, ReadsTheSmallModelsFile) {
  const auto config = ParseModelConfig(ReadTestFile(SourceTree("models/sightline-small/config.json")));
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->name, "sightline-small");
  EXPECT_EQ(config->vision.kind, VisionKind::kBeit2);
  EXPECT_EQ(config->vision.image_res, 196);
  EXPECT_EQ(config->vision.grid(), 14);
  EXPECT_EQ(config->vision.tokens(), 197);
  EXPECT_TRUE(config->vision.abs_pos_embed);
  EXPECT_FALSE(config->vision.rel_pos_bias);
  EXPECT_EQ(config->vision.norm_eps, 1e-6);
  EXPECT_EQ(config->text.layers, 9);
  EXPECT_EQ(config->text.heads, 12);
  EXPECT_EQ(config->text.type_vocab_size, 2) << "a default";
  EXPECT_EQ(config->fusion_layers(), 3);
  EXPECT_EQ(config->tokenizer.file, "vocab.txt");
  EXPECT_EQ(config->embed_dim, 256);
  EXPECT_EQ(config->head_norm_eps, 1e-5) << "a default";
  EXPECT_FALSE(config->cross.has_value());
}

TEST(ModelConfigTest, WritingAndReadingGivesTheSame) {
  ModelConfig config;
  config.name = "na\"me";
  config.vision = {.image_res = 384,
                   .patch_size = 12,
                   .width = 64,
                   .depth = 3,
                   .heads = 4,
                   .mlp_width = 100,
                   .norm_eps = 2e-6,
                   .abs_pos_embed = true,
                   .rel_pos_bias = false};
  config.text = {.kind = TextKind::kXlmRoberta,
                 .vocab_size = 999,
                 .width = 32,
                 .heads = 2,
                 .mlp_width = 77,
                 .layers = 5,
                 .fusion_at = 5,
                 .max_positions = 90,
                 .type_vocab_size = 1,
                 .pad_id = 1,
                 .norm_eps = 1e-5};
  config.cross = CrossConfig{.layers = 4, .norm_eps = 3e-12};
  config.tokenizer = {.kind = TokenizerKind::kSentencePiece, .file = "pieces.model", .max_tokens = 88, .max_words = 11};
  config.embed_dim = 24;
  config.head_norm_eps = 0.125;
  config.frame_len = 5;
  config.add_frame_pos = true;
  const std::string json = ModelConfigToJson(config);
  const auto read = ParseModelConfig(json);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(ModelConfigToJson(*read), json);
  EXPECT_EQ(read->vision.norm_eps, 2e-6);
  EXPECT_EQ(read->cross->layers, 4);
  EXPECT_EQ(read->cross->norm_eps, 3e-12);
  EXPECT_EQ(read->text.kind, TextKind::kXlmRoberta);
  EXPECT_EQ(read->tokenizer.kind, TokenizerKind::kSentencePiece);
  EXPECT_EQ(read->fusion_layers(), 4);
  EXPECT_TRUE(read->add_frame_pos);
}

TEST(ModelConfigMalformedTest, NotJsonIsCorruption) {
  EXPECT_THAT(ParseModelConfig(""), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(ParseModelConfig("{\"format\": \"\xff\"}"), IsError(ErrorCode::kCorruption));
  const std::string deep(1 << 20, '[');
  EXPECT_THAT(ParseModelConfig(deep), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(ParseModelConfig(deep + std::string(1 << 20, ']')), IsError(kInvalid));
}

TEST(ModelConfigMalformedTest, OtherFormatsAreRefused) {
  EXPECT_THAT(ParseModelConfig(Changed("sightline-model/1", "sightline-model/2")),
              IsErrorWith(ErrorCode::kFailedPrecondition, "newer"));
  EXPECT_THAT(ParseModelConfig(Changed("sightline-model/1", "sightline-model/x")), IsErrorWith(kInvalid, "format"));
  EXPECT_THAT(ParseModelConfig(Changed("\"format\"", "\"farmat\"")), IsErrorWith(kInvalid, "format: missing"));
}

TEST(ModelConfigMalformedTest, MissingAndUnknownKeysAreNamed) {
  EXPECT_THAT(ParseModelConfig(Changed("\"depth\": 12,", "")), IsErrorWith(kInvalid, "vision.depth: missing"));
  EXPECT_THAT(ParseModelConfig(Changed("\"norm_eps\"", "\"norm_epsilon\"")),
              IsErrorWith(kInvalid, "vision.\"norm_epsilon\": unknown key"));
  EXPECT_THAT(ParseModelConfig(Changed("\"embed_dim\"", "\"embed\"")), IsErrorWith(kInvalid, "embed_dim: missing"));
}

TEST(ModelConfigMalformedTest, WrongTypesAreNamed) {
  EXPECT_THAT(ParseModelConfig(Changed("\"depth\": 12", "\"depth\": \"12\"")), IsErrorWith(kInvalid, "vision.depth"));
  EXPECT_THAT(ParseModelConfig(Changed("\"depth\": 12", "\"depth\": 12.5")), IsErrorWith(kInvalid, "vision.depth"));
  EXPECT_THAT(ParseModelConfig(Changed("\"abs_pos_embed\": true", "\"abs_pos_embed\": 1")),
              IsErrorWith(kInvalid, "vision.abs_pos_embed"));
  EXPECT_THAT(ParseModelConfig(Changed("\"embed_dim\": 256", "\"embed_dim\": null")),
              IsErrorWith(kInvalid, "embed_dim"));
}

TEST(ModelConfigMalformedTest, SizesOutOfRangeAreRefused) {
  EXPECT_THAT(ParseModelConfig(Changed("\"depth\": 12", "\"depth\": 0")), IsErrorWith(kInvalid, "vision.depth: 0"));
  EXPECT_THAT(ParseModelConfig(Changed("\"patch_size\": 14", "\"patch_size\": 0")),
              IsErrorWith(kInvalid, "vision.patch_size: 0"));
  EXPECT_THAT(ParseModelConfig(Changed("\"depth\": 12", "\"depth\": 18446744073709551615")),
              IsErrorWith(kInvalid, "vision.depth"));
  EXPECT_THAT(ParseModelConfig(Changed("\"vocab_size\": 30522", "\"vocab_size\": 2000000000")),
              IsErrorWith(kInvalid, "text.vocab_size"));
  EXPECT_THAT(ParseModelConfig(Changed("\"patch_size\": 14", "\"patch_size\": 1")),
              IsErrorWith(kInvalid, "patches per side"));
  EXPECT_THAT(ParseModelConfig(Changed("\"norm_eps\": 1e-06", "\"norm_eps\": 0")),
              IsErrorWith(kInvalid, "vision.norm_eps"));
  EXPECT_THAT(ParseModelConfig(Changed("\"max_tokens\": 40", "\"max_tokens\": 513")),
              IsErrorWith(kInvalid, "tokenizer.max_tokens"));
}

TEST(ModelConfigMalformedTest, SizesThatDoNotFitEachOtherAreRefused) {
  EXPECT_THAT(ParseModelConfig(Changed("\"patch_size\": 14", "\"patch_size\": 15")),
              IsErrorWith(kInvalid, "15 does not divide image_res 196"));
  EXPECT_THAT(ParseModelConfig(Changed("\"heads\": 6", "\"heads\": 7")),
              IsErrorWith(kInvalid, "7 does not divide width 384"));
  EXPECT_THAT(ParseModelConfig(Changed("\"fusion_at\": 6", "\"fusion_at\": 9")),
              IsErrorWith(kInvalid, "text.fusion_at: 9"));
  EXPECT_THAT(ParseModelConfig(Changed("\"embed_dim\"", "\"cross\": {\"layers\": 2}, \"embed_dim\"")),
              IsErrorWith(kInvalid, "text.fusion_at: 6"));
}

TEST(ModelConfigMalformedTest, XlmRobertaHasToSayItsOwnValues) {
  EXPECT_THAT(ParseModelConfig(Changed("\"bert\"", "\"xlm-roberta\"")),
              IsErrorWith(kInvalid, "text.type_vocab_size: missing"));
}

TEST(ModelConfigMalformedTest, UnknownKindsAreRefused) {
  EXPECT_THAT(ParseModelConfig(Changed("\"beit2\"", "\"timesformer\"")), IsErrorWith(kInvalid, "vision.kind"));
  EXPECT_THAT(ParseModelConfig(Changed("\"bert\"", "\"gpt\"")), IsErrorWith(kInvalid, "text.kind"));
  EXPECT_THAT(ParseModelConfig(Changed("\"bert-wordpiece\"", "\"bpe\"")), IsErrorWith(kInvalid, "tokenizer.kind"));
}

TEST(ModelConfigMalformedTest, TokenizerFileStaysInTheDirectory) {
  for (const char* file : {R"("../vocab.txt")", R"("/etc/passwd")", R"("a/b")", R"("")", R"("..")", R"(".")",
                           R"(".hidden")", R"("a\u0000b")"}) {
    EXPECT_THAT(ParseModelConfig(Changed("\"vocab.txt\"", file)), IsErrorWith(kInvalid, "tokenizer.file")) << file;
  }
}

}  // namespace
}  // namespace sightline::encoder
