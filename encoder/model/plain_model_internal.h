// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include "encoder/model/bert_internal.h"
#include "encoder/model/layers_internal.h"
#include "encoder/model/weights_internal.h"
#include "encoder/model_config.h"

namespace sightline::encoder {

/// The model as the specification writes it: padded batches with masks, one operation per formula, differentiable in
/// every weight. It is the oracle that the fast form is compared with, and what training will start from.
/// B images or texts, N+1 patch tokens of width D, L text tokens of width C. Immutable; thread-safe. Shapes that do not
/// fit the configuration throw c10::Error: callers inside this folder only.
class PlainModel {
 public:
  /// `weights` must hold what the configuration asks for (the strict loader sees to that).
  PlainModel(ModelConfig config, NamedTensors weights);

  const ModelConfig& config() const { return config_; }
  const NamedTensors& weights() const { return weights_; }

  /// (B, 3, res, res), normalised -> (B, N+1, D). Section 2.
  at::Tensor Vision(const at::Tensor& images, const LayerObserver& observer = {}) const;
  /// Frames (B, F, N+1, D) of clips -> (B, N+1, D). Section 7. F must be frame_len when add_frame_pos is set.
  at::Tensor PoolFrames(const at::Tensor& frames) const;
  /// ids and mask (B, L) int64 -> (B, L, C). Sections 4 and 5.
  at::Tensor Text(const at::Tensor& ids, const at::Tensor& mask, const LayerObserver& observer = {}) const;
  /// Text states (B, L, C), mask (B, L), patches (B, N+1, D) -> (B, L, C).
  at::Tensor Fusion(const at::Tensor& states, const at::Tensor& mask, const at::Tensor& patches,
                    const LayerObserver& observer = {}) const;
  /// (B, N+1, D) -> (B, embed_dim), unit length. Section 6.
  at::Tensor ImageEmbedding(const at::Tensor& patches) const;
  /// (B, L, C) -> (B, embed_dim), unit length.
  at::Tensor TextEmbedding(const at::Tensor& states) const;
  /// Fusion output (B, L, C) -> (B, 2). Logit 1 says "they match".
  at::Tensor MatchLogits(const at::Tensor& fused) const;

 private:
  BertStack TextStack() const;
  BertStack FusionStack() const;

  ModelConfig config_;
  NamedTensors weights_;
};

}  // namespace sightline::encoder
