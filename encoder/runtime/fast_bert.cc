// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/fast_bert_internal.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>

namespace sightline::encoder {

FastSelfAttention::FastSelfAttention(const BertShape& shape, const WeightScope& scope, const Placement& placement,
                                     Output output)
    : shape_(shape), tokens_out_(output) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(shape.head_width()));
  const WeightScope self = scope.Scope("self.");
  const at::Tensor weight = at::cat({self["query.weight"] * scale, self["key.weight"], self["value.weight"]});
  const at::Tensor bias = at::cat({self["query.bias"] * scale, at::zeros_like(self["key.bias"]), self["value.bias"]});
  if (output == Output::kAllTokens) {
    qkv_ = FastLinear(weight, bias, placement);
  } else {
    query_ = FastLinear(weight.slice(0, 0, shape.width), bias.slice(0, 0, shape.width), placement);
    key_value_ = FastLinear(weight.slice(0, shape.width), bias.slice(0, shape.width), placement);
  }
  output_ = FastLinear(scope["output.dense.weight"], scope["output.dense.bias"], placement);
  norm_ = FastNorm(scope.Scope("output.LayerNorm."), shape.norm_eps, placement);
}

at::Tensor FastSelfAttention::Run(const at::Tensor& x) const {
  if (tokens_out_ == Output::kAllTokens) {
    const auto parts = qkv_(x).split(shape_.width, 2);
    return norm_(output_.Plus(FastAttention(parts[0], parts[1], parts[2], shape_.heads, {}), x));
  }
  const at::Tensor first = x.slice(1, 0, 1).contiguous();
  const auto parts = key_value_(x).split(shape_.width, 2);
  return norm_(output_.Plus(FastAttention(query_(first), parts[0], parts[1], shape_.heads, {}), first));
}

FastFeedForward::FastFeedForward(double norm_eps, const WeightScope& scope, const Placement& placement)
    : inner_(scope["intermediate.dense.weight"], scope["intermediate.dense.bias"], placement),
      output_(scope["output.dense.weight"], scope["output.dense.bias"], placement),
      norm_(scope.Scope("output.LayerNorm."), norm_eps, placement) {}

at::Tensor FastFeedForward::Run(const at::Tensor& x) const { return norm_(output_.Plus(inner_.Gelu(x), x)); }

}  // namespace sightline::encoder
