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
  /// Which tokens come out.
  enum class Output { kAllTokens, kFirstToken };

  /// @param scope  "...layer.3.attention."
  FastSelfAttention(const BertShape& shape, const WeightScope& scope, const Placement& placement,
                    Output output = Output::kAllTokens);

  /// (B, L, C) -> (B, L, C), or (B, 1, C) for the first token alone.
  at::Tensor Run(const at::Tensor& x) const;

 private:
  BertShape shape_;
  Output tokens_out_;
  FastLinear qkv_;        ///< All tokens.
  FastLinear query_;      ///< First token.
  FastLinear key_value_;  ///< First token.
  FastLinear output_;
  FastNorm norm_;
};

/// The feed-forward block of a post-norm layer. Immutable.
class FastFeedForward {
 public:
  /// @param scope  "...layer.3."
  FastFeedForward(double norm_eps, const WeightScope& scope, const Placement& placement);

  at::Tensor Run(const at::Tensor& x) const;

 private:
  FastLinear inner_;
  FastLinear output_;
  FastNorm norm_;
};

}  // namespace sightline::encoder
