// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/fast_text_internal.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>

namespace sightline::encoder {

FastText::FastText(const TextConfig& config, const WeightScope& root, const Placement& placement) {
  const WeightScope embeddings = root.Scope("text_encoder.embeddings.");
  // Tokens of XLM-R take the positions after the padding's own (section 5.1).
  const int64_t first_position = config.kind == TextKind::kXlmRoberta ? config.pad_id + 1 : 0;
  words_ = placement.Put(embeddings["word_embeddings.weight"]);
  positions_ = placement.Put(embeddings["position_embeddings.weight"].slice(0, first_position) +
                             embeddings["token_type_embeddings.weight"].select(0, 0));
  norm_ = FastNorm(embeddings.Scope("LayerNorm."), config.norm_eps, placement);
  const BertShape shape{config.width, config.heads, config.norm_eps};
  for (int i = 0; i < config.fusion_at; ++i) {
    const WeightScope layer = root.Scope("text_encoder.encoder.layer.", i);
    layers_.push_back({FastSelfAttention(shape, layer.Scope("attention."), placement),
                       FastFeedForward(config.norm_eps, layer, placement)});
  }
}

at::Tensor FastText::Run(const at::Tensor& ids) const {
  at::Tensor x = norm_(at::embedding(words_, ids).add_(positions_.slice(0, 0, ids.size(1))));
  for (const Layer& layer : layers_) x = layer.feed_forward.Run(layer.attention.Run(x));
  return x;
}

}  // namespace sightline::encoder
