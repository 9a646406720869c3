// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/model/layers_internal.h"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>

namespace sightline::encoder {
namespace {

at::Tensor SplitHeads(const at::Tensor& x, int heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

}  // namespace

void Observe(const LayerObserver& observer, std::string_view name, const at::Tensor& value) {
  if (observer) observer(name, value);
}

at::Tensor ApplyLinear(const at::Tensor& x, const WeightScope& scope) {
  return at::linear(x, scope["weight"], scope["bias"]);
}

at::Tensor ApplyLayerNorm(const at::Tensor& x, const WeightScope& scope, double eps) {
  return at::layer_norm(x, {x.size(-1)}, scope["weight"], scope["bias"], eps);
}

at::Tensor Attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int heads, const at::Tensor& bias) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2) / heads));
  at::Tensor scores = at::matmul(SplitHeads(q, heads) * scale, SplitHeads(k, heads).transpose(2, 3));
  if (bias.defined()) scores = scores + bias;
  const at::Tensor mixed = at::matmul(scores.softmax(-1), SplitHeads(v, heads));
  return mixed.transpose(1, 2).reshape(q.sizes());
}

at::Tensor UnitLength(const at::Tensor& x) { return x / x.norm(2, -1, true).clamp_min(1e-12); }

}  // namespace sightline::encoder
