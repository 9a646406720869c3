// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "encoder/model/weights_internal.h"
#include "encoder/model_config.h"
#include "encoder/runtime/fast_layers_internal.h"

namespace sightline::encoder {

/// The BEiT-2 tower for inference (x2vlm-spec section 2). Against the plain form: the query scale and the layer scales
/// are folded into the weights, the relative position biases are looked up once. Immutable.
class FastVision {
 public:
  /// @param scope  "vision_encoder."
  FastVision(const VisionConfig& config, const WeightScope& scope, const Placement& placement);

  /// (B, 3, res, res), normalised, in the placement's device and type -> (B, N+1, D).
  at::Tensor Run(const at::Tensor& images) const;

 private:
  struct Block {
    FastNorm norm1;
    FastLinear qkv;
    FastLinear proj;
    at::Tensor position_bias;  ///< (1, H, T, T), or undefined.
    FastNorm norm2;
    FastLinear fc1;
    FastLinear fc2;
  };

  static Block MakeBlock(const VisionConfig& config, const at::Tensor& index, const WeightScope& scope,
                         const Placement& placement);
  at::Tensor EmbedPatches(const at::Tensor& images) const;
  at::Tensor RunBlock(const at::Tensor& x, const Block& block) const;

  VisionConfig config_;
  FastLinear patch_embed_;
  at::Tensor class_token_;      ///< (1, 1, D), its absolute position added.
  at::Tensor patch_positions_;  ///< (1, N, D), or undefined.
  std::vector<Block> blocks_;
  FastNorm norm_;
};

}  // namespace sightline::encoder
