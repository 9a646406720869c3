// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/fast_vision_internal.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>

#include "encoder/model/relative_position_internal.h"

namespace sightline::encoder {

FastVision::FastVision(const VisionConfig& config, const WeightScope& scope, const Placement& placement)
    : config_(config) {
  const WeightScope embed = scope.Scope("patch_embed.proj.");
  patch_embed_ = FastLinear(embed["weight"].flatten(1), embed["bias"], placement);
  at::Tensor class_token = scope["cls_token"];
  if (config.abs_pos_embed) {
    class_token = class_token + scope["pos_embed"].slice(1, 0, 1);
    patch_positions_ = placement.Put(scope["pos_embed"].slice(1, 1));
  }
  class_token_ = placement.Put(class_token);
  at::Tensor index;
  if (config.rel_pos_bias) index = RelativePositionIndex(config.grid());
  for (int i = 0; i < config.depth; ++i) {
    blocks_.push_back(MakeBlock(config, index, scope.Scope("blocks.", i), placement));
  }
  norm_ = FastNorm(scope.Scope("fc_norm."), config.norm_eps, placement);
}

FastVision::Block FastVision::MakeBlock(const VisionConfig& config, const at::Tensor& index, const WeightScope& scope,
                                        const Placement& placement) {
  const int64_t width = config.width;
  const double scale = 1.0 / std::sqrt(static_cast<double>(config.width / config.heads));
  const WeightScope attention = scope.Scope("attn.");
  const at::Tensor& q_bias = attention["q_bias"];
  const at::Tensor& weight = attention["qkv.weight"];
  const at::Tensor qkv_weight = at::cat({weight.slice(0, 0, width) * scale, weight.slice(0, width)});
  const at::Tensor qkv_bias = at::cat({q_bias * scale, at::zeros_like(q_bias), attention["v_bias"]});

  const auto scaled = [&](const WeightScope& linear, const at::Tensor& gamma) {
    return FastLinear(linear["weight"] * gamma.unsqueeze(1), linear["bias"] * gamma, placement);
  };
  Block block;
  block.norm1 = FastNorm(scope.Scope("norm1."), config.norm_eps, placement);
  block.qkv = FastLinear(qkv_weight, qkv_bias, placement);
  block.proj = scaled(attention.Scope("proj."), scope["gamma_1"]);
  if (config.rel_pos_bias) {
    block.position_bias = placement.Put(RelativePositionBias(attention["relative_position_bias_table"], index));
  }
  block.norm2 = FastNorm(scope.Scope("norm2."), config.norm_eps, placement);
  block.fc1 = FastLinear(scope["mlp.fc1.weight"], scope["mlp.fc1.bias"], placement);
  block.fc2 = scaled(scope.Scope("mlp.fc2."), scope["gamma_2"]);
  return block;
}

at::Tensor FastVision::EmbedPatches(const at::Tensor& images) const {
  const int64_t side = config_.grid();
  const int64_t pixels = config_.patch_size;
  const at::Tensor rows = images.view({images.size(0), 3, side, pixels, side, pixels})
                              .permute({0, 2, 4, 1, 3, 5})
                              .reshape({images.size(0), side * side, 3 * pixels * pixels});
  at::Tensor patches = patch_embed_(rows);
  if (patch_positions_.defined()) patches.add_(patch_positions_);
  return at::cat({class_token_.expand({images.size(0), 1, config_.width}), patches}, 1);
}

at::Tensor FastVision::RunBlock(const at::Tensor& x, const Block& block) const {
  const at::Tensor qkv = block.qkv(block.norm1(x));
  const auto parts = qkv.split(config_.width, 2);
  const at::Tensor attended = FastAttention(parts[0], parts[1], parts[2], config_.heads, block.position_bias);
  const at::Tensor mixed = block.proj.Plus(attended, x);
  return block.fc2.Plus(block.fc1.Gelu(block.norm2(mixed)), mixed);
}

at::Tensor FastVision::Run(const at::Tensor& images) const {
  at::Tensor x = EmbedPatches(images);
  for (const Block& block : blocks_) x = RunBlock(x, block);
  const at::Tensor normed = norm_(x.slice(1, 1));
  return at::cat({normed.mean(1, true), normed}, 1);
}

}  // namespace sightline::encoder
