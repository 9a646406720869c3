// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "encoder/model/weights_internal.h"
#include "encoder/model_config.h"
#include "encoder/runtime/fast_bert_internal.h"
#include "encoder/runtime/fast_cross_attention_internal.h"

namespace sightline::encoder {

/// What the fusion encoder knows about texts of one length before it sees any patches: everything up to the queries of
/// the first cross-attention. R texts of L tokens.
struct PreparedTexts {
  at::Tensor states;  ///< (R, L, C), or (R, 1, C) when one layer is all there is: after the first self-attention block.
  CrossQueries queries;
  bool shares_patches = false;  ///< All pairs have the same patches (Note [One patch matrix for many texts]).
};

/// The fusion encoder for inference (x2vlm-spec sections 4.2, 4.3 and 5.2). It computes the plain form's token 0 with
/// less work: no padding, the first self-attention block and cross queries once per text, only token 0 in the last
/// layer, cross attention in the cheaper of two equal forms (Note [Absorbed keys and values]). Immutable.
class FastFusion {
 public:
  FastFusion(const ModelConfig& config, const WeightScope& root, const Placement& placement);

  /// @param states  (R, L, C), without padding.  @param shares_patches  all R will meet one patch matrix.
  PreparedTexts Prepare(const at::Tensor& states, bool shares_patches = false) const;

  /// One output per (text, patches) pair.
  /// @param text_of_pair  (P) int64: which prepared text each pair has; undefined when there is one text.
  /// @param patches       (P, N+1, D); (1, N+1, D) when the texts were prepared to share it.
  /// @return (P, C): token 0 of the last layer.
  at::Tensor Run(const PreparedTexts& texts, const at::Tensor& text_of_pair, const at::Tensor& patches) const;

 private:
  struct Layer {
    FastSelfAttention self_attention;
    FastCrossAttention cross_attention;
    FastFeedForward feed_forward;
  };

  std::vector<Layer> layers_;
};

}  // namespace sightline::encoder
