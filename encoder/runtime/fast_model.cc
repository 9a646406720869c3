// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/fast_model_internal.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>

#include "encoder/model/layers_internal.h"

namespace sightline::encoder {

FastModel::FastModel(const ModelConfig& config, const NamedTensors& weights, const Placement& placement)
    : placement_(placement),
      vision_(config.vision, WeightScope(weights, "vision_encoder."), placement),
      text_(config.text, WeightScope(weights), placement),
      fusion_(config, WeightScope(weights), placement) {
  const WeightScope root(weights);
  const Placement heads{placement.device, at::kFloat};
  vision_proj_ = FastLinear(root["vision_proj.weight"], root["vision_proj.bias"], heads);
  text_proj_ = FastLinear(root["text_proj.weight"], root["text_proj.bias"], heads);
  match_inner_ = FastLinear(root["itm_head.0.weight"], root["itm_head.0.bias"], heads);
  match_norm_ = FastNorm(root.Scope("itm_head.1."), config.head_norm_eps, heads);
  match_output_ = FastLinear(root["itm_head.3.weight"], root["itm_head.3.bias"], heads).Rows(1, 2);
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
