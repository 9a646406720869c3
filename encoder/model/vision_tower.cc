// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/model/vision_tower_internal.h"

#include <string>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros_like.h>

#include "encoder/model/relative_position_internal.h"

namespace sightline::encoder {
namespace {

at::Tensor EmbedPatches(const at::Tensor& images, int patch_size, const WeightScope& scope) {
  return at::conv2d(images, scope["weight"], scope["bias"], {patch_size, patch_size}).flatten(2).transpose(1, 2);
}

at::Tensor SelfAttention(const at::Tensor& x, const VisionConfig& config, const at::Tensor& index,
                         const WeightScope& scope) {
  // Checkpoints hold no key bias: it could not change a softmax over keys.
  const at::Tensor& q_bias = scope["q_bias"];
  const at::Tensor bias = at::cat({q_bias, at::zeros_like(q_bias), scope["v_bias"]});
  const auto qkv = at::linear(x, scope["qkv.weight"], bias).chunk(3, -1);
  at::Tensor position_bias;
  if (config.rel_pos_bias) position_bias = RelativePositionBias(scope["relative_position_bias_table"], index);
  return ApplyLinear(Attend(qkv[0], qkv[1], qkv[2], config.heads, position_bias), scope.Scope("proj."));
}

at::Tensor RunBlock(const at::Tensor& x, const VisionConfig& config, const at::Tensor& index,
                    const WeightScope& scope) {
  const at::Tensor normed = ApplyLayerNorm(x, scope.Scope("norm1."), config.norm_eps);
  const at::Tensor mixed = x + scope["gamma_1"] * SelfAttention(normed, config, index, scope.Scope("attn."));
  const at::Tensor inner =
      ApplyLinear(ApplyLayerNorm(mixed, scope.Scope("norm2."), config.norm_eps), scope.Scope("mlp.fc1."));
  return mixed + scope["gamma_2"] * ApplyLinear(at::gelu(inner), scope.Scope("mlp.fc2."));
}

}  // namespace

at::Tensor RunVisionTower(const at::Tensor& images, const VisionConfig& config, const WeightScope& scope,
                          const LayerObserver& observer) {
  const at::Tensor patches = EmbedPatches(images, config.patch_size, scope.Scope("patch_embed.proj."));
  Observe(observer, "vision.patch_embed", patches);
  at::Tensor x = at::cat({scope["cls_token"].expand({images.size(0), 1, config.width}), patches}, 1);
  if (config.abs_pos_embed) x = x + scope["pos_embed"];
  at::Tensor index;
  if (config.rel_pos_bias) index = RelativePositionIndex(config.grid()).to(images.device());
  for (int i = 0; i < config.depth; ++i) {
    x = RunBlock(x, config, index, scope.Scope("blocks.", i));
    Observe(observer, "vision.block" + std::to_string(i), x);
  }
  const at::Tensor normed = ApplyLayerNorm(x.slice(1, 1), scope.Scope("fc_norm."), config.norm_eps);
  Observe(observer, "vision.fc_norm", normed);
  return at::cat({normed.mean(1, true), normed}, 1);
}

}  // namespace sightline::encoder
