// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/fast_bert_internal.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/zeros_like.h>

namespace sightline::encoder {

FastSelfAttention::FastSelfAttention(const BertShape& shape, const WeightScope& scope, const Placement& placement)
    : shape_(shape) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(shape.head_width()));
  const WeightScope self = scope.Scope("self.");
  const at::Tensor weight = at::cat({self["query.weight"] * scale, self["key.weight"], self["value.weight"]});
  const at::Tensor bias = at::cat({self["query.bias"] * scale, at::zeros_like(self["key.bias"]), self["value.bias"]});
  qkv_ = FastLinear(weight, bias, placement);
  query_ = qkv_.Rows(0, shape.width);
  key_value_ = qkv_.Rows(shape.width, 3 * shape.width);
  output_ = FastLinear(scope["output.dense.weight"], scope["output.dense.bias"], placement);
  norm_ = FastNorm(scope.Scope("output.LayerNorm."), shape.norm_eps, placement);
}

at::Tensor FastSelfAttention::Run(const at::Tensor& x) const {
  const auto parts = qkv_(x).split(shape_.width, 2);
  return norm_(output_(FastAttention(parts[0], parts[1], parts[2], shape_.heads, {})).add_(x));
}

at::Tensor FastSelfAttention::RunFirstToken(const at::Tensor& x) const {
  const at::Tensor first = x.slice(1, 0, 1);
  const auto parts = key_value_(x).split(shape_.width, 2);
  return norm_(output_(FastAttention(query_(first), parts[0], parts[1], shape_.heads, {})).add_(first));
}

FastFeedForward::FastFeedForward(double norm_eps, const WeightScope& scope, const Placement& placement)
    : inner_(scope["intermediate.dense.weight"], scope["intermediate.dense.bias"], placement),
      output_(scope["output.dense.weight"], scope["output.dense.bias"], placement),
      norm_(scope.Scope("output.LayerNorm."), norm_eps, placement) {}

at::Tensor FastFeedForward::Run(const at::Tensor& x) const { return norm_(output_(at::gelu(inner_(x))).add_(x)); }

}  // namespace sightline::encoder
