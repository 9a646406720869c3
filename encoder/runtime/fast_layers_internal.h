// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include "encoder/model/weights_internal.h"

namespace sightline::encoder {

/// Where the fast form keeps its weights and does its sums.
struct Placement {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;

  at::Tensor Put(const at::Tensor& x) const { return x.to(device, dtype).contiguous(); }
};

/// x W^T + b, on a CPU with packed weights (Note [Packed products]). Immutable.
class FastLinear {
 public:
  FastLinear() = default;
  /// `weight` (out, in) and `bias` (out) in fp32; `bias` may be undefined.
  FastLinear(const at::Tensor& weight, const at::Tensor& bias, const Placement& placement);

  at::Tensor operator()(const at::Tensor& x) const;
  /// GELU(x W^T + b), the erf form.
  at::Tensor Gelu(const at::Tensor& x) const;
  /// x W^T + b + residual.
  at::Tensor Plus(const at::Tensor& x, const at::Tensor& residual) const;

 private:
  at::Tensor weight_;
  at::Tensor bias_;
  bool packed_ = false;
};

/// LayerNorm over the last axis. Immutable.
class FastNorm {
 public:
  FastNorm() = default;
  FastNorm(const WeightScope& scope, double eps, const Placement& placement);

  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor weight_;
  at::Tensor bias_;
  double eps_ = 0;
};

/// softmax(q k^T + bias) v. q is already scaled.
/// @param q     (B, Lq, H * d)
/// @param k, v  (B, Lk, H * d); may be strided views of a fused projection.
/// @param bias  undefined, or (1, H, Lq, Lk).
/// @return (B, Lq, H * d), contiguous.
at::Tensor FastAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t heads,
                         const at::Tensor& bias);

}  // namespace sightline::encoder
