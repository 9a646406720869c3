// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/fast_model_internal.h"

#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tensor.h>

#include "encoder/model/layers_internal.h"

namespace sightline::encoder {

FastModel::FastModel(const ModelConfig& config, const NamedTensors& weights, const Placement& placement)
    : placement_(placement),
      fusion_placement_(placement),
      vision_(config.vision, WeightScope(weights, "vision_encoder."), placement),
      text_(config.text, WeightScope(weights), placement),
      fusion_(config, WeightScope(weights), placement) {
  const WeightScope root(weights);
  const Placement heads{placement.device, at::kFloat};
  vision_proj_ = FastLinear(root["vision_proj.weight"], root["vision_proj.bias"], heads);
  text_proj_ = FastLinear(root["text_proj.weight"], root["text_proj.bias"], heads);
  match_inner_ = FastLinear(root["itm_head.0.weight"], root["itm_head.0.bias"], heads);
  match_norm_ = FastNorm(root.Scope("itm_head.1."), config.head_norm_eps, heads);
  match_output_ = FastLinear(root["itm_head.3.weight"].slice(0, 1, 2), root["itm_head.3.bias"].slice(0, 1, 2), heads);
  if (config.add_frame_pos) mean_frame_position_ = heads.Put(root["absolute_frame_pos_embed"].mean(1));
  if (placement.dtype == at::kBFloat16) {
    FastFusion exact(config, root, heads);
    if (!FusionSurvivesRounding(config, exact)) {
      fusion_ = std::move(exact);
      fusion_placement_ = heads;
    }
  }
}

bool FastModel::FusionSurvivesRounding(const ModelConfig& config, const FastFusion& exact) const {
  constexpr double kLargestChange = 0.25;
  constexpr int64_t kLength = 10;
  const int64_t res = config.vision.image_res;
  const at::Tensor waves =
      at::sin(at::arange(3 * res * res, at::kFloat).unsqueeze(0) * at::tensor({0.011, 0.73}, at::kFloat).unsqueeze(1));
  const at::Tensor ids = at::arange(2 * kLength, at::kLong).mul(7919).remainder(config.text.vocab_size);
  const at::Tensor tokens = Vision(fusion_placement_.Put(waves.view({2, 3, res, res})));
  const at::Tensor states = Text(ids.view({2, kLength}).to(placement_.device));
  // Every text with every picture.
  const at::Tensor text_of_pair = at::tensor({0, 0, 1, 1}, at::kLong).to(placement_.device);
  const auto logits = [&](const FastFusion& fusion, at::ScalarType dtype) {
    return MatchLogits(fusion.Run(fusion.Prepare(states.to(dtype)), text_of_pair, tokens.to(dtype).repeat({2, 1, 1})));
  };
  const at::Tensor change = logits(exact, at::kFloat) - logits(fusion_, placement_.dtype);
  return change.abs().max().item<double>() <= kLargestChange;
}

at::Tensor FastModel::PoolFrames(const at::Tensor& frames) const {
  const at::Tensor mean = frames.mean(1);
  return mean_frame_position_.defined() ? mean + mean_frame_position_ : mean;
}

at::Tensor FastModel::ImageEmbedding(const at::Tensor& patches) const {
  return UnitLength(vision_proj_(patches.select(1, 0).to(at::kFloat)));
}

at::Tensor FastModel::TextEmbedding(const at::Tensor& states) const {
  return UnitLength(text_proj_(states.select(1, 0).to(at::kFloat)));
}

at::Tensor FastModel::MatchLogits(const at::Tensor& fused) const {
  return match_output_(at::gelu(match_norm_(match_inner_(fused.to(at::kFloat))))).select(1, 0);
}

}  // namespace sightline::encoder
