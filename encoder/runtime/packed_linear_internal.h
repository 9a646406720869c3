// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

namespace sightline::encoder {

/// Note [Packed products]
/// On a CPU, LibTorch's at::linear hands oneDNN or MKL plain matrices. oneDNN's product with a weight that was packed
/// once (what torch.compile uses) is 10 % faster for many rows and up to 2 times for the few rows of a query, and does
/// the GELU or the residual sum while the result is in registers. It is reached through the dispatcher by name; where
/// this LibTorch or CPU lacks it, at::linear does the work.

/// Whether packed products in `dtype` work here: tried once per type.
bool CanPack(at::ScalarType dtype);

/// `weight` (out, in) on the CPU in a type that CanPack, in oneDNN's own layout. Only the functions below can read it.
at::Tensor PackWeight(const at::Tensor& weight);

/// x W^T + b, or its GELU (erf). `bias` may be undefined.
at::Tensor PackedLinear(const at::Tensor& x, const at::Tensor& packed_weight, const at::Tensor& bias, bool gelu);

/// x W^T + b + residual, in one pass.
at::Tensor PackedLinearPlus(const at::Tensor& x, const at::Tensor& packed_weight, const at::Tensor& bias,
                            const at::Tensor& residual);

}  // namespace sightline::encoder
