// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include "encoder/model/weights_internal.h"
#include "encoder/runtime/fast_layers_internal.h"

namespace sightline::encoder {

/// Sizes that every layer of a BERT stack shares.
struct BertShape {
  int64_t width = 0;
  int64_t heads = 0;
  double norm_eps = 1e-12;

  int64_t head_width() const { return width / heads; }
};

/// The self-attention block of a post-norm layer, without padding. The query scale is folded into the weights and the
/// key bias is left out: it adds the same number to all scores of one query, which the softmax cancels. Immutable.
class FastSelfAttention {
 public:
  FastSelfAttention() = default;
  /// @param scope  "...layer.3.attention."
  FastSelfAttention(const BertShape& shape, const WeightScope& scope, const Placement& placement);

  /// (B, L, C) -> (B, L, C).
  at::Tensor Run(const at::Tensor& x) const;
  /// Token 0 alone: (B, L, C) -> (B, 1, C).
  at::Tensor RunFirstToken(const at::Tensor& x) const;

 private:
  BertShape shape_;
  FastLinear qkv_;
  FastLinear query_;      ///< Rows of qkv_.
  FastLinear key_value_;  ///< Rows of qkv_.
  FastLinear output_;
  FastNorm norm_;
};

/// The feed-forward block of a post-norm layer. Immutable.
class FastFeedForward {
 public:
  FastFeedForward() = default;
  /// @param scope  "...layer.3."
  FastFeedForward(double norm_eps, const WeightScope& scope, const Placement& placement);

  at::Tensor Run(const at::Tensor& x) const;

 private:
  FastLinear inner_;
  FastLinear output_;
  FastNorm norm_;
};

}  // namespace sightline::encoder
