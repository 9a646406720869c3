// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/model/bert_internal.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>

namespace sightline::encoder {
namespace {

at::Tensor Positions(const at::Tensor& ids, const TextConfig& config) {
  if (config.kind == TextKind::kBert) return at::arange(ids.size(1), ids.options()).unsqueeze(0);
  // XLM-R counts tokens from pad + 1; padding gets the pad position itself.
  const at::Tensor is_token = ids.ne(config.pad_id).to(at::kLong);
  return is_token.cumsum(1) * is_token + config.pad_id;
}

/// One attention block of a post-norm layer: queries from x, keys and values from `memory`.
at::Tensor AttentionBlock(const at::Tensor& x, const at::Tensor& memory, const at::Tensor& bias, const BertStack& stack,
                          const WeightScope& scope) {
  const at::Tensor mixed =
      Attend(ApplyLinear(x, scope.Scope("self.query.")), ApplyLinear(memory, scope.Scope("self.key.")),
             ApplyLinear(memory, scope.Scope("self.value.")), stack.heads, bias);
  return ApplyLayerNorm(ApplyLinear(mixed, scope.Scope("output.dense.")) + x, scope.Scope("output.LayerNorm."),
                        stack.norm_eps);
}

at::Tensor FeedForwardBlock(const at::Tensor& x, const BertStack& stack, const WeightScope& scope) {
  const at::Tensor inner = at::gelu(ApplyLinear(x, scope.Scope("intermediate.dense.")));
  return ApplyLayerNorm(ApplyLinear(inner, scope.Scope("output.dense.")) + x, scope.Scope("output.LayerNorm."),
                        stack.norm_eps);
}

}  // namespace

at::Tensor EmbedTokens(const at::Tensor& ids, const TextConfig& config, const WeightScope& scope) {
  const at::Tensor sum = at::embedding(scope["word_embeddings.weight"], ids) +
                         scope["token_type_embeddings.weight"].select(0, 0) +
                         at::embedding(scope["position_embeddings.weight"], Positions(ids, config));
  return ApplyLayerNorm(sum, scope.Scope("LayerNorm."), config.norm_eps);
}

at::Tensor PaddingBias(const at::Tensor& mask) {
  return ((1.0 - mask.to(at::kFloat)) * -10000.0).unsqueeze(1).unsqueeze(1);
}

at::Tensor RunBertStack(at::Tensor x, const at::Tensor& padding_bias, const at::Tensor& patches, const BertStack& stack,
                        const WeightScope& root, const LayerObserver& observer) {
  for (int i = stack.begin; i < stack.end; ++i) {
    const WeightScope scope = root.Scope(stack.layer_prefix, i);
    const std::string name = stack.observed_as + std::to_string(i - stack.begin);
    x = AttentionBlock(x, x, padding_bias, stack, scope.Scope("attention."));
    if (patches.defined()) {
      Observe(observer, name + ".self", x);
      x = AttentionBlock(x, patches, {}, stack, scope.Scope("crossattention."));
      Observe(observer, name + ".cross", x);
    }
    x = FeedForwardBlock(x, stack, scope);
    Observe(observer, name, x);
  }
  return x;
}

}  // namespace sightline::encoder
