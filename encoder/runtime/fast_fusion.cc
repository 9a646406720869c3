// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/fast_fusion_internal.h"

#include <string>

namespace sightline::encoder {
namespace {

at::Tensor ForPairs(const at::Tensor& per_text, const at::Tensor& text_of_pair, int64_t pairs) {
  if (text_of_pair.defined()) return per_text.index_select(0, text_of_pair);
  return per_text.expand({pairs, per_text.size(1), per_text.size(2)});
}

}  // namespace

FastFusion::FastFusion(const ModelConfig& config, const WeightScope& root, const Placement& placement) {
  const std::string prefix = config.cross ? "cross_encoder.encoder.layer." : "text_encoder.encoder.layer.";
  const int first = config.cross ? 0 : config.text.fusion_at;
  const double norm_eps = config.cross ? config.cross->norm_eps : config.text.norm_eps;
  const BertShape shape{config.text.width, config.text.heads, norm_eps};
  const int end = first + config.fusion_layers();
  for (int i = first; i < end; ++i) {
    const WeightScope layer = root.Scope(prefix, i);
    // The matching head reads token 0 alone, so the last layer computes nothing else.
    const auto tokens = i + 1 < end ? FastSelfAttention::Output::kAllTokens : FastSelfAttention::Output::kFirstToken;
    layers_.push_back({FastSelfAttention(shape, layer.Scope("attention."), placement, tokens),
                       FastCrossAttention(shape, config.vision, layer.Scope("crossattention."), placement),
                       FastFeedForward(norm_eps, layer, placement)});
  }
}

PreparedTexts FastFusion::Prepare(const at::Tensor& states, bool shares_patches) const {
  const Layer& first = layers_.front();
  PreparedTexts texts;
  texts.states = first.self_attention.Run(states);
  texts.queries = first.cross_attention.MakeQueries(texts.states, shares_patches);
  texts.shares_patches = shares_patches;
  return texts;
}

at::Tensor FastFusion::Run(const PreparedTexts& texts, const at::Tensor& text_of_pair,
                           const at::Tensor& patches) const {
  const int64_t pairs = text_of_pair.defined() ? text_of_pair.size(0) : patches.size(0);
  at::Tensor x = ForPairs(texts.states, text_of_pair, pairs);
  CrossQueries queries = texts.queries;
  queries.rows = ForPairs(queries.rows, text_of_pair, pairs);
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    if (i > 0) {
      x = layer.self_attention.Run(x);
      queries = layer.cross_attention.MakeQueries(x, texts.shares_patches);
    }
    x = layer.feed_forward.Run(layer.cross_attention.Run(x, queries, patches));
  }
  return x.select(1, 0);
}

}  // namespace sightline::encoder
