// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/model_config.h"

#include <algorithm>
#include <array>
#include <utility>

#include "encoder/files/json_fields_internal.h"

namespace sightline::encoder {

using nlohmann::json;

namespace {

constexpr std::string_view kFormat = "sightline-model";

// Upper bounds: several times the largest published model, small enough that a hostile file cannot ask for absurd
// amounts of memory before its weights are compared with it.
constexpr int kMaxResolution = 8192;
constexpr int kMaxGrid = 128;
constexpr int kMaxWidth = 16384;
constexpr int kMaxLayers = 256;
constexpr int kMaxVocabulary = 4'000'000;
constexpr int kMaxPositions = 65536;
constexpr double kMinEps = 1e-30;
constexpr double kMaxEps = 1;

template <typename Kind, size_t n>
using KindNames = std::array<std::pair<Kind, const char*>, n>;

constexpr KindNames<VisionKind, 3> kVisionKinds = {
    {{VisionKind::kBeit2, "beit2"}, {VisionKind::kClipVit, "clip_vit"}, {VisionKind::kSwin, "swin"}}};
constexpr KindNames<TextKind, 2> kTextKinds = {{{TextKind::kBert, "bert"}, {TextKind::kXlmRoberta, "xlm-roberta"}}};
constexpr KindNames<TokenizerKind, 2> kTokenizerKinds = {
    {{TokenizerKind::kBertWordPiece, "bert-wordpiece"}, {TokenizerKind::kSentencePiece, "sentencepiece"}}};

template <typename Kind, size_t n>
void ReadKind(JsonFields& fields, const KindNames<Kind, n>& names, Kind& out) {
  std::string word;
  fields.String("kind", word);
  for (const auto& [kind, name] : names) {
    if (word == name) {
      out = kind;
      return;
    }
  }
  fields.Reject("kind", "\"" + word + "\" is not a known kind");
}

template <typename Kind, size_t n>
const char* NameOfKind(const KindNames<Kind, n>& names, Kind kind) {
  return std::find_if(names.begin(), names.end(), [kind](const auto& entry) { return entry.first == kind; })->second;
}

void CheckDivides(JsonFields& fields, const std::string& key, int divisor, int dividend, const std::string& of) {
  if (dividend % divisor != 0) {
    fields.Reject(key, std::to_string(divisor) + " does not divide " + of + " " + std::to_string(dividend));
  }
}

Status ReadVision(const json& object, VisionConfig& vision) {
  JsonFields fields(object, "vision.");
  ReadKind(fields, kVisionKinds, vision.kind);
  fields.Int("image_res", 1, kMaxResolution, vision.image_res);
  fields.Int("patch_size", 1, kMaxResolution, vision.patch_size);
  fields.Int("width", 1, kMaxWidth, vision.width);
  fields.Int("depth", 1, kMaxLayers, vision.depth);
  fields.Int("heads", 1, kMaxWidth, vision.heads);
  fields.Int("mlp_width", 1, 4 * kMaxWidth, vision.mlp_width);
  fields.Number("norm_eps", kMinEps, kMaxEps, vision.norm_eps, JsonFields::kOptional);
  fields.Bool("abs_pos_embed", vision.abs_pos_embed, JsonFields::kOptional);
  fields.Bool("rel_pos_bias", vision.rel_pos_bias, JsonFields::kOptional);
  CheckDivides(fields, "patch_size", vision.patch_size, vision.image_res, "image_res");
  CheckDivides(fields, "heads", vision.heads, vision.width, "width");
  if (vision.grid() > kMaxGrid) {
    fields.Reject("image_res", "more than " + std::to_string(kMaxGrid) + " patches per side");
  }
  return fields.Finish();
}

Status ReadText(const json& object, TextConfig& text) {
  JsonFields fields(object, "text.");
  ReadKind(fields, kTextKinds, text.kind);
  // The defaults are BERT's: XLM-R has to say its own.
  const auto presence = text.kind == TextKind::kBert ? JsonFields::kOptional : JsonFields::kRequired;
  fields.Int("vocab_size", 1, kMaxVocabulary, text.vocab_size);
  fields.Int("width", 1, kMaxWidth, text.width);
  fields.Int("heads", 1, kMaxWidth, text.heads);
  fields.Int("mlp_width", 1, 4 * kMaxWidth, text.mlp_width);
  fields.Int("layers", 1, kMaxLayers, text.layers);
  fields.Int("fusion_at", 1, kMaxLayers, text.fusion_at);
  fields.Int("max_positions", 3, kMaxPositions, text.max_positions, presence);
  fields.Int("type_vocab_size", 1, kMaxPositions, text.type_vocab_size, presence);
  fields.Int("pad_id", 0, text.vocab_size - 1, text.pad_id, presence);
  fields.Number("norm_eps", kMinEps, kMaxEps, text.norm_eps, presence);
  CheckDivides(fields, "heads", text.heads, text.width, "width");
  return fields.Finish();
}

Status ReadCross(const json& object, CrossConfig& cross) {
  JsonFields fields(object, "cross.");
  fields.Int("layers", 1, kMaxLayers, cross.layers);
  fields.Number("norm_eps", kMinEps, kMaxEps, cross.norm_eps, JsonFields::kOptional);
  return fields.Finish();
}

Status ReadTokenizer(const json& object, const TextConfig& text, TokenizerConfig& tokenizer) {
  JsonFields fields(object, "tokenizer.");
  // XLM-R gives the first token the position after pad_id (x2vlm-spec section 5.1).
  const int first_position = text.kind == TextKind::kXlmRoberta ? text.pad_id + 1 : 0;
  ReadKind(fields, kTokenizerKinds, tokenizer.kind);
  fields.String("file", tokenizer.file);
  fields.Int("max_tokens", 3, text.max_positions - first_position, tokenizer.max_tokens, JsonFields::kOptional);
  fields.Int("max_words", 1, kMaxPositions, tokenizer.max_words, JsonFields::kOptional);
  const bool is_plain = !tokenizer.file.empty() && tokenizer.file.find('/') == std::string::npos &&
                        tokenizer.file.find('\0') == std::string::npos && !tokenizer.file.starts_with('.');
  if (!is_plain) fields.Reject("file", "not a plain file name");
  return fields.Finish();
}

/// What no single field shows: which encoder fuses.
Status CheckFusion(const ModelConfig& config) {
  const TextConfig& text = config.text;
  if (config.cross ? text.fusion_at != text.layers : text.fusion_at >= text.layers) {
    return Fail(ErrorCode::kInvalidArgument,
                "text.fusion_at: " + std::to_string(text.fusion_at) +
                    (config.cross ? " must equal text.layers " : " must be below text.layers ") +
                    std::to_string(text.layers) + (config.cross ? " beside a cross encoder" : ""));
  }
  if (text.kind == TextKind::kXlmRoberta && !config.cross) {
    return Fail(ErrorCode::kInvalidArgument, "cross: missing, an XLM-R text encoder cannot fuse");
  }
  return {};
}

}  // namespace

Result<ModelConfig> ParseModelConfig(std::string_view text) {
  SL_ASSIGN_OR_RETURN(const json object, ParseJsonObject(text, "model configuration"));
  SL_RETURN_IF_ERROR(CheckFormat(object, kFormat));
  ModelConfig config;
  JsonFields fields(object, "");
  fields.Value("format");
  fields.String("name", config.name, JsonFields::kOptional);
  fields.Int("embed_dim", 1, kMaxWidth, config.embed_dim);
  fields.Number("head_norm_eps", kMinEps, kMaxEps, config.head_norm_eps, JsonFields::kOptional);
  fields.Int("frame_len", 1, 1024, config.frame_len, JsonFields::kOptional);
  fields.Bool("add_frame_pos", config.add_frame_pos, JsonFields::kOptional);
  const json* const vision = fields.Object("vision");
  const json* const text_object = fields.Object("text");
  const json* const tokenizer = fields.Object("tokenizer");
  const json* const cross = fields.Object("cross", JsonFields::kOptional);
  SL_RETURN_IF_ERROR(fields.Finish());
  SL_RETURN_IF_ERROR(ReadVision(*vision, config.vision));
  SL_RETURN_IF_ERROR(ReadText(*text_object, config.text));
  SL_RETURN_IF_ERROR(ReadTokenizer(*tokenizer, config.text, config.tokenizer));
  if (cross != nullptr) SL_RETURN_IF_ERROR(ReadCross(*cross, config.cross.emplace()));
  SL_RETURN_IF_ERROR(CheckFusion(config));
  return config;
}

std::string ModelConfigToJson(const ModelConfig& config) {
  const VisionConfig& vision = config.vision;
  const TextConfig& text = config.text;
  nlohmann::ordered_json object;
  object["format"] = std::string(kFormat) + "/1";
  object["name"] = config.name;
  object["vision"] = {{"kind", NameOfKind(kVisionKinds, vision.kind)},
                      {"image_res", vision.image_res},
                      {"patch_size", vision.patch_size},
                      {"width", vision.width},
                      {"depth", vision.depth},
                      {"heads", vision.heads},
                      {"mlp_width", vision.mlp_width},
                      {"norm_eps", vision.norm_eps},
                      {"abs_pos_embed", vision.abs_pos_embed},
                      {"rel_pos_bias", vision.rel_pos_bias}};
  object["text"] = {{"kind", NameOfKind(kTextKinds, text.kind)},
                    {"vocab_size", text.vocab_size},
                    {"width", text.width},
                    {"heads", text.heads},
                    {"mlp_width", text.mlp_width},
                    {"layers", text.layers},
                    {"fusion_at", text.fusion_at},
                    {"max_positions", text.max_positions},
                    {"type_vocab_size", text.type_vocab_size},
                    {"pad_id", text.pad_id},
                    {"norm_eps", text.norm_eps}};
  if (config.cross) object["cross"] = {{"layers", config.cross->layers}, {"norm_eps", config.cross->norm_eps}};
  object["tokenizer"] = {{"kind", NameOfKind(kTokenizerKinds, config.tokenizer.kind)},
                         {"file", config.tokenizer.file},
                         {"max_tokens", config.tokenizer.max_tokens},
                         {"max_words", config.tokenizer.max_words}};
  object["embed_dim"] = config.embed_dim;
  object["head_norm_eps"] = config.head_norm_eps;
  object["frame_len"] = config.frame_len;
  object["add_frame_pos"] = config.add_frame_pos;
  return object.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace sightline::encoder
