// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include <ATen/core/Tensor.h>

#include "encoder/model/layers_internal.h"
#include "encoder/model/weights_internal.h"
#include "encoder/model_config.h"

namespace sightline::encoder {

/// A run of post-norm BERT layers (x2vlm-spec section 4.2).
struct BertStack {
  std::string layer_prefix;  ///< "text_encoder.encoder.layer."
  std::string observed_as;   ///< "text.layer": layer `begin + k` is reported as "text.layerK".
  int begin = 0;             ///< First layer, by its number in the weights.
  int end = 0;
  int heads = 12;
  double norm_eps = 1e-12;
};

/// Word, type-0 and position embeddings and their norm, section 4.1 (BERT) or 5.1 (XLM-R).
/// @param ids  (B, L) int64. Returns (B, L, C).
at::Tensor EmbedTokens(const at::Tensor& ids, const TextConfig& config, const WeightScope& scope);

/// (1 - mask) * -10000 as (B, 1, 1, L), section 4.4. `mask` is (B, L): 1 for tokens, 0 for padding.
at::Tensor PaddingBias(const at::Tensor& mask);

/// Runs the layers over `x` (B, L, C). With `patches` (B, N+1, D) defined, each layer has its cross-attention block.
at::Tensor RunBertStack(at::Tensor x, const at::Tensor& padding_bias, const at::Tensor& patches, const BertStack& stack,
                        const WeightScope& root, const LayerObserver& observer);

}  // namespace sightline::encoder
