// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string_view>

#include <ATen/core/Tensor.h>

#include "encoder/model/weights_internal.h"

namespace sightline::encoder {

/// Sees intermediate values by name: "vision.block0", "fusion.layer1.cross". May be empty.
using LayerObserver = std::function<void(std::string_view name, const at::Tensor& value)>;

/// Calls `observer` when there is one.
void Observe(const LayerObserver& observer, std::string_view name, const at::Tensor& value);

/// x W^T + b with `weight` and `bias` of the scope.
at::Tensor ApplyLinear(const at::Tensor& x, const WeightScope& scope);

/// LayerNorm over the last axis with `weight` and `bias` of the scope.
at::Tensor ApplyLayerNorm(const at::Tensor& x, const WeightScope& scope, double eps);

/// softmax(q k^T / sqrt(d) + bias) v over `heads` heads. q is (B, Lq, H * d), k and v are (B, Lk, H * d); `bias`, if
/// defined, broadcasts to (B, H, Lq, Lk). Returns (B, Lq, H * d).
at::Tensor Attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int heads, const at::Tensor& bias);

/// x / max(|x|, 1e-12) over the last axis (x2vlm-spec section 6).
at::Tensor UnitLength(const at::Tensor& x);

}  // namespace sightline::encoder
