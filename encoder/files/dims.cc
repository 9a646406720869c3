// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/dims.h"

#include <algorithm>
#include <limits>
#include <string>

#include "encoder/files/json_fields_internal.h"

namespace sightline::encoder {

using nlohmann::json;

namespace {

constexpr int kAnyInt = std::numeric_limits<int>::max();  ///< ParseModelConfig knows the real bounds.

/// Without null entries, and with those of `plus` on top when they apply.
json Flatten(const json& dims, ModelVariant variant) {
  json flat = json::object();
  for (const auto& [key, value] : dims.items()) {
    if (!value.is_null() && key != "plus") flat[key] = value;
  }
  const auto plus = dims.find("plus");
  if (variant == ModelVariant::kPlus && plus != dims.end() && plus->is_object()) flat.update(*plus);
  return flat;
}

void ReadVision(JsonFields& fields, VisionConfig& vision) {
  fields.Int("image_res", 1, kAnyInt, vision.image_res);
  fields.Int("patch_size", 1, kAnyInt, vision.patch_size);
  fields.Int("vision_width", 1, kAnyInt, vision.width);
  fields.Int("vision_depth", 1, kAnyInt, vision.depth);
  fields.Int("vision_heads", 1, kAnyInt, vision.heads);
  fields.Int("vision_mlp", 1, kAnyInt, vision.mlp_width);
  fields.Number("vision_layer_norm_eps", 0, 1, vision.norm_eps);
}

void ReadText(JsonFields& fields, TextConfig& text) {
  fields.Int("text_width", 1, kAnyInt, text.width);
  fields.Int("text_heads", 1, kAnyInt, text.heads);
  fields.Int("text_mlp", 1, kAnyInt, text.mlp_width);
  fields.Int("text_num_hidden_layers", 1, kAnyInt, text.layers);
  fields.Number("text_layer_norm_eps", 0, 1, text.norm_eps);
  fields.Int("vocab_size", 1, kAnyInt, text.vocab_size);
  fields.Int("max_positions", 1, kAnyInt, text.max_positions);
  fields.Int("type_vocab_size", 1, kAnyInt, text.type_vocab_size);
  fields.Int("pad_id", 0, kAnyInt, text.pad_id);
}

void ReadFusion(JsonFields& fields, ModelVariant variant, ModelConfig& config) {
  std::string text_encoder = variant == ModelVariant::kPlus ? "xlm-r" : "bert";
  const std::string expected = text_encoder;
  fields.String("text_encoder", text_encoder, JsonFields::kOptional);
  if (text_encoder != expected) {
    fields.Reject("text_encoder", "\"" + text_encoder + "\", but the weights are those of the " +
                                      (variant == ModelVariant::kPlus ? "Plus" : "standard") + " variant");
  }
  int ignored = 1;
  if (variant == ModelVariant::kStandard) {
    fields.Int("text_fusion_start_at", 1, kAnyInt, config.text.fusion_at);
    return;
  }
  fields.Int("text_fusion_start_at", 1, kAnyInt, ignored, JsonFields::kOptional);
  config.text.kind = TextKind::kXlmRoberta;
  config.text.fusion_at = config.text.layers;
  config.tokenizer.kind = TokenizerKind::kSentencePiece;
  config.tokenizer.file = "sentencepiece.bpe.model";
  config.cross.emplace();
  fields.Int("cross_num_hidden_layers", 1, kAnyInt, config.cross->layers);
  fields.Number("cross_layer_norm_eps", 0, 1, config.cross->norm_eps);
}

}  // namespace

ModelConfig PresetConfig(ModelSize size, ModelVariant variant) {
  ModelConfig config;  // the defaults are the base model's
  if (size == ModelSize::kLarge) {
    config.vision.width = config.text.width = 1024;
    config.vision.heads = config.text.heads = 16;
    config.vision.mlp_width = config.text.mlp_width = 4096;
    config.vision.depth = 24;
  }
  if (variant == ModelVariant::kPlus) {
    config.text.kind = TextKind::kXlmRoberta;
    config.text.vocab_size = 250002;
    config.text.layers = config.text.fusion_at = size == ModelSize::kLarge ? 24 : 12;
    config.text.max_positions = 514;
    config.text.type_vocab_size = 1;
    config.text.pad_id = 1;
    config.text.norm_eps = 1e-5;
    config.tokenizer.kind = TokenizerKind::kSentencePiece;
    config.tokenizer.file = "sentencepiece.bpe.model";
    config.cross = CrossConfig{.layers = 6, .norm_eps = 1e-12};
  }
  return config;
}

Result<ModelConfig> ParseDims(std::string_view text, ModelVariant variant) {
  SL_ASSIGN_OR_RETURN(const json object, ParseJsonObject(text, "dims"));
  const json flat = Flatten(object, variant);
  ModelConfig config;
  JsonFields fields(flat, "");
  std::string video_encoding = "avgpool";
  ReadVision(fields, config.vision);
  ReadText(fields, config.text);
  ReadFusion(fields, variant, config);
  fields.Int("embed_dim", 1, kAnyInt, config.embed_dim);
  fields.Number("mlp_head_layer_norm_eps", 0, 1, config.head_norm_eps);
  fields.Int("frame_len", 1, kAnyInt, config.frame_len, JsonFields::kOptional);
  fields.Bool("add_frame_pos", config.add_frame_pos, JsonFields::kOptional);
  fields.String("video_encoding", video_encoding, JsonFields::kOptional);
  if (video_encoding != "avgpool") fields.Reject("video_encoding", "only \"avgpool\" exists");
  fields.Value("note", JsonFields::kOptional);
  SL_RETURN_IF_ERROR(fields.Finish());

  const int first_position = variant == ModelVariant::kPlus ? config.text.pad_id + 1 : 0;
  config.tokenizer.max_tokens = std::min(config.tokenizer.max_tokens, config.text.max_positions - first_position);
  return ParseModelConfig(ModelConfigToJson(config));
}

}  // namespace sightline::encoder
