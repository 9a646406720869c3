// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <utility>

#include "encoder/files/bias_interpolation.h"
#include "encoder/files/byte_reader.h"
#include "encoder/files/import_plan_internal.h"
#include "encoder/files/weights.h"

namespace sightline::encoder {
namespace {

constexpr std::string_view kClassToken = "vision_encoder.cls_token";
constexpr std::string_view kFrameEmbedding = "absolute_frame_pos_embed";
constexpr std::string_view kTableSuffix = ".relative_position_bias_table";
constexpr uint64_t kMaxDimsBytes = 1 << 20;

struct Offer {
  std::string original;  ///< The key in the file.
  const CheckpointTensor* tensor = nullptr;
};
using Offers = std::map<std::string, Offer, std::less<>>;

void RemoveAll(std::string& text, std::string_view part) {
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at)) text.erase(at, part.size());
}

Result<Offers> CollectOffers(const Checkpoint& checkpoint) {
  Offers offers;
  for (const auto& [key, tensor] : checkpoint.tensors()) {
    const auto [known, is_new] = offers.emplace(CanonicalKey(key), Offer{key, &tensor});
    if (!is_new) {
      return Fail(ErrorCode::kInvalidArgument, "two weights for " + Printable(known->first) + ": " +
                                                   Printable(known->second.original) + " and " + Printable(key));
    }
  }
  return offers;
}

/// The side of the patch grid of a table of R rows: R = (2g-1)^2 + 3; 0 when there is none.
int GridOfTable(const Shape& shape) {
  if (shape.size() != 2) return 0;
  int grid = 1;
  while (grid < 4096 && BiasTableRows(grid) < shape[0]) ++grid;
  return BiasTableRows(grid) == shape[0] ? grid : 0;
}

/// The side of the patch grid that the weights were made for.
Result<int> GridOfWeights(const Offers& offers) {
  for (const auto& [name, offer] : offers) {
    if (!name.ends_with(kTableSuffix)) continue;
    const int grid = GridOfTable(offer.tensor->shape);
    if (grid > 0) return grid;
    return Fail(ErrorCode::kInvalidArgument,
                Printable(name) + " has the impossible shape " + ToString(offer.tensor->shape));
  }
  return Fail(ErrorCode::kInvalidArgument, "weight missing: vision_encoder.blocks.0.attn" + std::string(kTableSuffix));
}

Result<ModelConfig> PresetFor(const ImportOptions& options, ModelVariant variant, int64_t width) {
  const ModelSize size = options.preset.value_or(width == 1024 ? ModelSize::kLarge : ModelSize::kBase);
  const ModelConfig config = PresetConfig(size, variant);
  if (config.vision.width == width) return config;
  const std::string advice = options.preset ? "choose the other preset, or give its dims" : "give its dims";
  return Fail(ErrorCode::kInvalidArgument, "the checkpoint has vision width " + std::to_string(width) +
                                               ", the preset " + std::to_string(config.vision.width) + ": " + advice);
}

Result<ModelConfig> ChooseSizes(const Offers& offers, const ImportOptions& options, int grid) {
  const auto is_cross = [](const auto& offer) { return offer.first.starts_with("cross_encoder."); };
  const auto variant =
      std::any_of(offers.begin(), offers.end(), is_cross) ? ModelVariant::kPlus : ModelVariant::kStandard;
  if (!options.dims_file.empty()) {
    if (options.preset) return Fail(ErrorCode::kInvalidArgument, "both a preset and dims");
    SL_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.dims_file, kMaxDimsBytes));
    auto config = ParseDims(text, variant);
    if (!config) return Annotate(std::move(config).error(), options.dims_file.string());
    return config;
  }
  SL_ASSIGN_OR_RETURN(ModelConfig config,
                      PresetFor(options, variant, offers.find(kClassToken)->second.tensor->shape.back()));
  config.vision.image_res = grid * config.vision.patch_size;
  return config;
}

/// What the file's own `config` knows better than any preset: lengths of texts and clips.
void ApplyCheckpointConfig(const PlainValue& file, bool has_frame_embedding, ModelConfig& config) {
  const auto integer = [&](std::string_view key, int min, int max, int& out) {
    const PlainValue* const value = file.Find(key);
    const auto* const number = value == nullptr ? nullptr : value->As<int64_t>();
    if (number != nullptr && *number >= min && *number <= max) out = static_cast<int>(*number);
  };
  const int first_position = config.text.kind == TextKind::kXlmRoberta ? config.text.pad_id + 1 : 0;
  integer("max_tokens", 3, config.text.max_positions - first_position, config.tokenizer.max_tokens);
  integer("frame_len", 1, 1024, config.frame_len);
  const PlainValue* const frames = file.Find("add_frame_pos");
  const auto* const flag = frames == nullptr ? nullptr : frames->As<bool>();
  if (flag != nullptr && *flag && has_frame_embedding) config.add_frame_pos = true;
}

Result<ModelConfig> MakeConfig(const Checkpoint& checkpoint, const Offers& offers, const ImportOptions& options,
                               int grid) {
  SL_ASSIGN_OR_RETURN(ModelConfig config, ChooseSizes(offers, options, grid));
  ApplyCheckpointConfig(checkpoint.config(), offers.contains(kFrameEmbedding), config);
  if (options.image_res) config.vision.image_res = *options.image_res;
  if (options.frame_len) config.frame_len = *options.frame_len;
  config.name = options.name;
  return ParseModelConfig(ModelConfigToJson(config));  // checks every range
}

/// The shape that an offered tensor has after it was fitted; its own when it is not one of those that can be.
Shape FittedShape(const ModelConfig& config, const std::string& name, const Shape& shape) {
  if (name.ends_with(kTableSuffix) && GridOfTable(shape) > 0) {
    return {BiasTableRows(config.vision.grid()), shape[1]};
  }
  if (config.add_frame_pos && name == kFrameEmbedding && shape.size() == 4) {
    return {shape[0], config.frame_len, shape[2], shape[3]};
  }
  return shape;
}

/// A model that was trained with a fixed temperature has it in its configuration only (x2vlm-spec section 6).
const double* FixedTemperature(const Checkpoint& checkpoint) {
  const PlainValue* const is_fixed = checkpoint.config().Find("fix_temp");
  const PlainValue* const temperature = checkpoint.config().Find("temp");
  if (is_fixed == nullptr || temperature == nullptr) return nullptr;
  const bool* const flag = is_fixed->As<bool>();
  return flag != nullptr && *flag ? temperature->As<double>() : nullptr;
}

PlannedWeight PlanWeight(const WeightSpec& weight, const CheckpointTensor& tensor) {
  auto source = PlannedWeight::Source::kCopy;
  if (weight.name.ends_with(kTableSuffix) && tensor.shape != weight.shape) source = PlannedWeight::Source::kBiasTable;
  if (weight.name == kFrameEmbedding) source = PlannedWeight::Source::kFrameEmbedding;
  return {weight.name, weight.shape, source, &tensor};
}

Status PlanWeights(const Checkpoint& checkpoint, Offers offers, ImportPlan& plan) {
  ShapeTable shapes;
  for (const auto& [name, offer] : offers) {
    shapes.emplace(name, FittedShape(plan.config, name, offer.tensor->shape));
  }
  const double* const temperature = FixedTemperature(checkpoint);
  if (temperature != nullptr) shapes.emplace("temp", Shape{});
  SL_RETURN_IF_ERROR(CheckWeights(plan.config, shapes));

  SL_ASSIGN_OR_RETURN(const std::vector<WeightSpec> expected, ExpectedWeights(plan.config));
  for (const WeightSpec& weight : expected) {
    const auto offer = offers.find(weight.name);
    if (offer == offers.end()) {  // CheckWeights lets only a fixed temperature be absent
      plan.weights.push_back(
          {weight.name, weight.shape, PlannedWeight::Source::kConstant, nullptr, static_cast<float>(*temperature)});
      continue;
    }
    const CheckpointTensor& tensor = *offer->second.tensor;
    plan.weights.push_back(PlanWeight(weight, tensor));
    const auto source = plan.weights.back().source;
    if (source == PlannedWeight::Source::kBiasTable) plan.interpolated.push_back(weight.name);
    if (source == PlannedWeight::Source::kFrameEmbedding) {
      plan.frames_copied = static_cast<int>(std::min(weight.shape[1], tensor.shape[1]));
    }
    offers.erase(offer);
  }
  for (const auto& [name, offer] : offers) plan.ignored.push_back(offer.original);
  return {};
}

std::vector<std::byte> BytesOf(std::span<const float> values) {
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::string CanonicalKey(std::string_view key) {
  constexpr std::string_view kModule = "module.";
  std::string name(key.starts_with(kModule) ? key.substr(kModule.size()) : key);
  if (name.starts_with("text_encoder.") || name.starts_with("cross_encoder.")) {
    RemoveAll(name, "roberta.");
    RemoveAll(name, "bert.");
  }
  return name;
}

Result<ImportPlan> PlanImport(const Checkpoint& checkpoint, const ImportOptions& options) {
  SL_ASSIGN_OR_RETURN(Offers offers, CollectOffers(checkpoint));
  if (offers.contains("vision_encoder.class_embedding") || offers.contains("vision_encoder.norm.weight")) {
    return Fail(ErrorCode::kUnsupported, "the vision tower is a CLIP ViT or a Swin; only BEiT-2 towers are supported");
  }
  const auto class_token = offers.find(kClassToken);
  if (class_token == offers.end() || class_token->second.tensor->shape.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "weight missing: " + std::string(kClassToken) + ", so no X2-VLM model");
  }
  SL_ASSIGN_OR_RETURN(const int grid, GridOfWeights(offers));
  ImportPlan plan;
  SL_ASSIGN_OR_RETURN(plan.config, MakeConfig(checkpoint, offers, options, grid));
  plan.checkpoint_image_res = grid * plan.config.vision.patch_size;
  SL_RETURN_IF_ERROR(PlanWeights(checkpoint, std::move(offers), plan));
  return plan;
}

Result<std::vector<std::byte>> MakeWeight(const PlannedWeight& weight) {
  if (weight.source == PlannedWeight::Source::kConstant) return BytesOf(std::span(&weight.constant, 1));
  const CheckpointTensor& tensor = *weight.tensor;
  if (weight.source == PlannedWeight::Source::kCopy && tensor.dtype == DType::kF32) return CopyElements(tensor);
  SL_ASSIGN_OR_RETURN(std::vector<float> values, CopyFloats(tensor));
  if (weight.source == PlannedWeight::Source::kBiasTable) {
    const auto heads = static_cast<int>(weight.shape[1]);
    SL_ASSIGN_OR_RETURN(values,
                        InterpolateBiasTable(values, heads, GridOfTable(tensor.shape), GridOfTable(weight.shape)));
  } else if (weight.source == PlannedWeight::Source::kFrameEmbedding) {
    values.resize(*ElementCount(weight.shape), 0.0F);  // frames are the outermost dimension
  }
  return BytesOf(values);
}

}  // namespace sightline::encoder
