// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/model/plain_model_internal.h"

#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>

#include "encoder/model/vision_tower_internal.h"

namespace sightline::encoder {

PlainModel::PlainModel(ModelConfig config, NamedTensors weights)
    : config_(std::move(config)), weights_(std::move(weights)) {}

BertStack PlainModel::TextStack() const {
  return {"text_encoder.encoder.layer.", "text.layer",       0,
          config_.text.fusion_at,        config_.text.heads, config_.text.norm_eps};
}

BertStack PlainModel::FusionStack() const {
  if (config_.cross) {
    return {"cross_encoder.encoder.layer.", "fusion.layer",     0,
            config_.cross->layers,          config_.text.heads, config_.cross->norm_eps};
  }
  return {"text_encoder.encoder.layer.", "fusion.layer",     config_.text.fusion_at,
          config_.text.layers,           config_.text.heads, config_.text.norm_eps};
}

at::Tensor PlainModel::Vision(const at::Tensor& images, const LayerObserver& observer) const {
  return RunVisionTower(images, config_.vision, WeightScope(weights_, "vision_encoder."), observer);
}

at::Tensor PlainModel::PoolFrames(const at::Tensor& frames) const {
  if (!config_.add_frame_pos) return frames.mean(1);
  return (frames + WeightScope(weights_)["absolute_frame_pos_embed"]).mean(1);
}

at::Tensor PlainModel::Text(const at::Tensor& ids, const at::Tensor& mask, const LayerObserver& observer) const {
  const WeightScope root(weights_);
  const at::Tensor x = EmbedTokens(ids, config_.text, root.Scope("text_encoder.embeddings."));
  Observe(observer, "text.embeddings", x);
  return RunBertStack(x, PaddingBias(mask), {}, TextStack(), root, observer);
}

at::Tensor PlainModel::Fusion(const at::Tensor& states, const at::Tensor& mask, const at::Tensor& patches,
                              const LayerObserver& observer) const {
  return RunBertStack(states, PaddingBias(mask), patches, FusionStack(), WeightScope(weights_), observer);
}

at::Tensor PlainModel::ImageEmbedding(const at::Tensor& patches) const {
  return UnitLength(ApplyLinear(patches.select(1, 0), WeightScope(weights_, "vision_proj.")));
}

at::Tensor PlainModel::TextEmbedding(const at::Tensor& states) const {
  return UnitLength(ApplyLinear(states.select(1, 0), WeightScope(weights_, "text_proj.")));
}

at::Tensor PlainModel::MatchLogits(const at::Tensor& fused) const {
  const WeightScope head(weights_, "itm_head.");
  const at::Tensor inner = ApplyLinear(fused.select(1, 0), head.Scope("0."));
  return ApplyLinear(at::gelu(ApplyLayerNorm(inner, head.Scope("1."), config_.head_norm_eps)), head.Scope("3."));
}

}  // namespace sightline::encoder
