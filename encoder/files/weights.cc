// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/weights.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sightline::encoder {
namespace {

constexpr std::string_view kScaleSuffix = ".scale";

/// Collects weights below a prefix that grows and shrinks with the module tree.
class SpecList {
 public:
  void Add(const std::string& name, Shape shape) { specs_.push_back({name, std::move(shape)}); }
  /// A Linear(in, out): weight (out, in) and bias (out).
  void AddLinear(const std::string& name, int64_t in, int64_t out) {
    Add(name + ".weight", {out, in});
    Add(name + ".bias", {out});
  }
  void AddNorm(const std::string& name, int64_t width) {
    Add(name + ".weight", {width});
    Add(name + ".bias", {width});
  }
  std::vector<WeightSpec> Take() && { return std::move(specs_); }

 private:
  std::vector<WeightSpec> specs_;
};

// x2vlm-spec section 2.5.
void AddVisionBlock(const VisionConfig& vision, const std::string& block, SpecList& list) {
  const int64_t width = vision.width;
  const int64_t window = 2 * vision.grid() - 1;
  list.Add(block + "gamma_1", {width});
  list.Add(block + "gamma_2", {width});
  list.AddNorm(block + "norm1", width);
  list.Add(block + "attn.q_bias", {width});
  list.Add(block + "attn.v_bias", {width});
  if (vision.rel_pos_bias) {
    list.Add(block + "attn.relative_position_bias_table", {window * window + 3, vision.heads});
  }
  list.Add(block + "attn.qkv.weight", {3 * width, width});
  list.AddLinear(block + "attn.proj", width, width);
  list.AddNorm(block + "norm2", width);
  list.AddLinear(block + "mlp.fc1", width, vision.mlp_width);
  list.AddLinear(block + "mlp.fc2", vision.mlp_width, width);
}

void AddVision(const VisionConfig& vision, SpecList& list) {
  const std::string prefix = "vision_encoder.";
  list.Add(prefix + "cls_token", {1, 1, vision.width});
  if (vision.abs_pos_embed) list.Add(prefix + "pos_embed", {1, vision.tokens(), vision.width});
  list.Add(prefix + "patch_embed.proj.weight", {vision.width, 3, vision.patch_size, vision.patch_size});
  list.Add(prefix + "patch_embed.proj.bias", {vision.width});
  for (int i = 0; i < vision.depth; ++i) AddVisionBlock(vision, prefix + "blocks." + std::to_string(i) + ".", list);
  list.AddNorm(prefix + "fc_norm", vision.width);
}

/// Queries come from the text; keys and values from `source_width` wide tokens (x2vlm-spec section 4.5).
void AddAttention(const std::string& name, int64_t width, int64_t source_width, SpecList& list) {
  list.AddLinear(name + ".self.query", width, width);
  list.AddLinear(name + ".self.key", source_width, width);
  list.AddLinear(name + ".self.value", source_width, width);
  list.AddLinear(name + ".output.dense", width, width);
  list.AddNorm(name + ".output.LayerNorm", width);
}

void AddBertLayers(const ModelConfig& config, const std::string& prefix, int layers, int fusion_at, SpecList& list) {
  const int64_t width = config.text.width;
  for (int i = 0; i < layers; ++i) {
    const std::string layer = prefix + "encoder.layer." + std::to_string(i);
    AddAttention(layer + ".attention", width, width, list);
    if (i >= fusion_at) AddAttention(layer + ".crossattention", width, config.vision.width, list);
    list.AddLinear(layer + ".intermediate.dense", width, config.text.mlp_width);
    list.AddLinear(layer + ".output.dense", config.text.mlp_width, width);
    list.AddNorm(layer + ".output.LayerNorm", width);
  }
}

void AddText(const ModelConfig& config, SpecList& list) {
  const TextConfig& text = config.text;
  const std::string embeddings = "text_encoder.embeddings.";
  list.Add(embeddings + "word_embeddings.weight", {text.vocab_size, text.width});
  list.Add(embeddings + "position_embeddings.weight", {text.max_positions, text.width});
  list.Add(embeddings + "token_type_embeddings.weight", {text.type_vocab_size, text.width});
  list.AddNorm(embeddings + "LayerNorm", text.width);
  AddBertLayers(config, "text_encoder.", text.layers, text.fusion_at, list);
  if (config.cross) AddBertLayers(config, "cross_encoder.", config.cross->layers, 0, list);
}

// x2vlm-spec section 6, and 7 for the frame embedding.
void AddHeads(const ModelConfig& config, SpecList& list) {
  const int64_t width = config.text.width;
  list.AddLinear("vision_proj", config.vision.width, config.embed_dim);
  list.AddLinear("text_proj", width, config.embed_dim);
  list.Add("temp", {});
  list.AddLinear("itm_head.0", width, 2 * width);
  list.AddNorm("itm_head.1", 2 * width);
  list.AddLinear("itm_head.3", 2 * width, 2);
  if (config.add_frame_pos) {
    list.Add("absolute_frame_pos_embed", {1, config.frame_len, 1, config.vision.width});
  }
}

/// Counts what is wrong and keeps the first of each kind for the message.
class Complaints {
 public:
  void Add(const std::string& text) {
    if (count_++ == 0) first_ = text;
  }
  Status Finish() const {
    if (count_ == 0) return {};
    const std::string more = count_ == 1 ? "" : " (and " + std::to_string(count_ - 1) + " more)";
    return Fail(ErrorCode::kInvalidArgument, first_ + more);
  }

 private:
  size_t count_ = 0;
  std::string first_;
};

/// The weight that `name` is the scale of; empty when it is none.
std::string_view ScaledWeight(std::string_view name) {
  if (!name.ends_with(kScaleSuffix)) return {};
  return name.substr(0, name.size() - kScaleSuffix.size());
}

bool IsFloatingPoint(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBf16 || dtype == DType::kF64;
}

Status CheckStorage(const SafetensorsFile& file, const WeightSpec& weight) {
  const TensorView& tensor = *file.Find(weight.name);
  if (IsFloatingPoint(tensor.dtype)) return {};
  const TensorView* const scale = file.Find(weight.name + std::string(kScaleSuffix));
  if (tensor.dtype == DType::kI8 && !weight.shape.empty() && scale != nullptr && scale->dtype == DType::kF32 &&
      scale->shape == Shape{weight.shape[0]}) {
    return {};
  }
  return Fail(ErrorCode::kInvalidArgument, "weight " + weight.name + " is stored as " +
                                               std::string(NameOf(tensor.dtype)) +
                                               (tensor.dtype == DType::kI8 ? " without an F32 scale per row" : ""));
}

}  // namespace

Result<std::vector<WeightSpec>> ExpectedWeights(const ModelConfig& config) {
  if (config.vision.kind != VisionKind::kBeit2) {
    return Fail(ErrorCode::kUnsupported, "vision.kind: this version runs only beit2 towers");
  }
  SpecList list;
  AddVision(config.vision, list);
  AddText(config, list);
  AddHeads(config, list);
  return std::move(list).Take();
}

uint64_t ParameterCount(std::span<const WeightSpec> weights) {
  uint64_t count = 0;
  for (const WeightSpec& weight : weights) count += ElementCount(weight.shape).value_or(0);
  return count;
}

bool IsIgnorableExtra(const ModelConfig& config, std::string_view name) {
  if (name.ends_with(".position_ids") || name.ends_with(".relative_position_index")) return true;
  if (name == "absolute_frame_pos_embed") return !config.add_frame_pos;
  constexpr std::array<std::string_view, 3> kOtherHeads = {"text_encoder.cls.", "mlm_head.", "bbox_head."};
  return std::any_of(kOtherHeads.begin(), kOtherHeads.end(),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

Status CheckWeights(const ModelConfig& config, const ShapeTable& offered) {
  SL_ASSIGN_OR_RETURN(const std::vector<WeightSpec> expected, ExpectedWeights(config));
  Complaints missing, misshapen, extra;
  std::map<std::string_view, const WeightSpec*> by_name;
  for (const WeightSpec& weight : expected) {
    by_name.emplace(weight.name, &weight);
    const auto found = offered.find(weight.name);
    if (found == offered.end()) {
      missing.Add("weight missing: " + weight.name + " " + ToString(weight.shape));
    } else if (found->second != weight.shape) {
      misshapen.Add("weight " + weight.name + " has shape " + ToString(found->second) + ", the model needs " +
                    ToString(weight.shape));
    }
  }
  for (const auto& [name, shape] : offered) {
    if (!by_name.contains(name) && !IsIgnorableExtra(config, name)) {
      extra.Add("weight not part of this model: " + name + " " + ToString(shape));
    }
  }
  SL_RETURN_IF_ERROR(missing.Finish());
  SL_RETURN_IF_ERROR(misshapen.Finish());
  return extra.Finish();
}

Status CheckWeightsFile(const ModelConfig& config, const SafetensorsFile& file) {
  ShapeTable offered;
  for (const auto& [name, tensor] : file.tensors()) {
    const TensorView* const scaled = file.Find(ScaledWeight(name));
    if (scaled == nullptr || scaled->dtype != DType::kI8) offered.emplace(name, tensor.shape);
  }
  SL_RETURN_IF_ERROR(CheckWeights(config, offered));
  SL_ASSIGN_OR_RETURN(const std::vector<WeightSpec> expected, ExpectedWeights(config));
  for (const WeightSpec& weight : expected) SL_RETURN_IF_ERROR(CheckStorage(file, weight));
  return {};
}

}  // namespace sightline::encoder
