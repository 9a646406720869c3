// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <vector>

#include <ATen/core/Tensor.h>

#include "encoder/model/weights_internal.h"
#include "encoder/model_config.h"
#include "encoder/runtime/fast_bert_internal.h"

namespace sightline::encoder {

/// The text encoder for inference (x2vlm-spec sections 4.1 to 4.3 and 5.1), over texts of one length and so without
/// padding or masks: masked tokens change nothing but rounding (section 13 item 8). Immutable.
class FastText {
 public:
  FastText(const TextConfig& config, const WeightScope& root, const Placement& placement);

  /// ids (B, L) int64 on the placement's device, no padding, 1 <= L <= max_length() -> (B, L, C).
  at::Tensor Run(const at::Tensor& ids) const;

  /// The longest text that there are positions for.
  int64_t max_length() const { return positions_.size(0); }

 private:
  struct Layer {
    FastSelfAttention attention;
    FastFeedForward feed_forward;
  };

  at::Tensor words_;      ///< (vocabulary, C)
  at::Tensor positions_;  ///< (max_length, C), from the first position that a token can have; type 0 added.
  FastNorm norm_;
  std::vector<Layer> layers_;
};

}  // namespace sightline::encoder
