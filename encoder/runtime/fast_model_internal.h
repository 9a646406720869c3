// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include "encoder/model/weights_internal.h"
#include "encoder/model_config.h"
#include "encoder/runtime/fast_fusion_internal.h"
#include "encoder/runtime/fast_layers_internal.h"
#include "encoder/runtime/fast_text_internal.h"
#include "encoder/runtime/fast_vision_internal.h"

namespace sightline::encoder {

/// The model for inference: the plain form's outputs, up to rounding, with less work. Inputs and outputs lie on the
/// placement's device; tokens are in its type (those of the fusion encoder in its own), embeddings and logits in fp32.
/// Immutable and thread-safe. Shapes that do not fit throw c10::Error: callers inside this folder only, under
/// c10::InferenceMode.
class FastModel {
 public:
  /// @param weights  in fp32; not kept.
  FastModel(const ModelConfig& config, const NamedTensors& weights, const Placement& placement);

  /// Of the towers.
  const Placement& placement() const { return placement_; }
  /// Of the fusion encoder: fp32 where bf16 would change the logits, see Note [Fusion precision].
  const Placement& fusion_placement() const { return fusion_placement_; }

  /// (B, 3, res, res), normalised -> (B, N+1, D).
  at::Tensor Vision(const at::Tensor& images) const { return vision_.Run(images); }
  /// (B, L) int64 without padding -> (B, L, C).
  at::Tensor Text(const at::Tensor& ids) const { return text_.Run(ids); }
  int64_t max_text_length() const { return text_.max_length(); }
  /// Frames (B, F, N+1, D) of clips -> (B, N+1, D), x2vlm-spec section 7: their mean, with the mean of the frame
  /// positions when the model has them; F must then be frame_len.
  at::Tensor PoolFrames(const at::Tensor& frames) const;
  /// (B, N+1, D) -> (B, embed_dim), fp32, unit length.
  at::Tensor ImageEmbedding(const at::Tensor& patches) const;
  /// (B, L, C) -> (B, embed_dim), fp32, unit length.
  at::Tensor TextEmbedding(const at::Tensor& states) const;

  const FastFusion& fusion() const { return fusion_; }
  /// Token 0 of the fusion output, (P, C) -> (P): logit 1, "they match", fp32.
  at::Tensor MatchLogits(const at::Tensor& fused) const;

 private:
  /// Note [Fusion precision]
  /// bf16 keeps 8 bits of a weight. That is enough for towers and for most fusion encoders, but not for one that
  /// amplifies small differences: rounding a single matrix of the small model's moves its logits by 10. So a model that
  /// is opened in bf16 is tried on made-up pictures and texts, and keeps its fusion encoder in fp32 when a logit moves.
  bool FusionSurvivesRounding(const ModelConfig& config, const FastFusion& exact) const;

  Placement placement_;
  Placement fusion_placement_;
  FastVision vision_;
  FastText text_;
  FastFusion fusion_;
  at::Tensor mean_frame_position_;  ///< (1, 1, D) fp32, or undefined.
  // The heads see one token per item: fp32 costs nothing there.
  FastLinear vision_proj_;
  FastLinear text_proj_;
  FastLinear match_inner_;
  FastNorm match_norm_;
  FastLinear match_output_;  ///< Logit 1 alone.
};

}  // namespace sightline::encoder
