// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/packed_linear_internal.h"

#include <cmath>
#include <optional>
#include <string_view>

#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/ones.h>

namespace sightline::encoder {
namespace {

using Bias = std::optional<at::Tensor>;
using Scalars = c10::List<std::optional<at::Scalar>>;
using Word = std::optional<std::string_view>;
using PackOperator = at::Tensor(const at::Tensor&, std::optional<int64_t>);
using LinearOperator = at::Tensor(const at::Tensor&, const at::Tensor&, const Bias&, std::string_view, Scalars, Word);
using LinearPlusOperator = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const Bias&,
                                      std::string_view);

/// Throws c10::Error when this LibTorch has no such operator.
template <typename Signature>
c10::TypedOperatorHandle<Signature> FindOperator(const char* name, const char* overload) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).typed<Signature>();
}

Bias Optional(const at::Tensor& bias) { return bias.defined() ? Bias(bias) : std::nullopt; }

bool TryPacking(at::ScalarType dtype) {
  try {
    const at::Tensor ones = at::ones({16, 16}, dtype);
    const at::Tensor packed = PackWeight(ones);
    const at::Tensor sum = PackedLinearPlus(PackedLinear(ones, packed, {}, true), packed, {}, ones);
    return std::abs(sum[0][0].item<float>() - 257.0f) < 2.0f;
  } catch (const c10::Error&) {
    return false;
  }
}

}  // namespace

bool CanPack(at::ScalarType dtype) {
  static const bool fp32 = TryPacking(at::kFloat);
  static const bool bf16 = TryPacking(at::kBFloat16);
  return dtype == at::kFloat ? fp32 : dtype == at::kBFloat16 && bf16;
}

at::Tensor PackWeight(const at::Tensor& weight) {
  // The hint of how many rows will come decides the layout; it is a good one for other counts as well.
  constexpr int64_t kRows = 256;
  static const auto pack = FindOperator<PackOperator>("mkldnn::_reorder_linear_weight", "");
  return pack.call(weight, kRows);
}

at::Tensor PackedLinear(const at::Tensor& x, const at::Tensor& packed_weight, const at::Tensor& bias, bool gelu) {
  static const auto linear = FindOperator<LinearOperator>("mkldnn::_linear_pointwise", "");
  return linear.call(x.contiguous(), packed_weight, Optional(bias), gelu ? "gelu" : "none", Scalars(),
                     gelu ? "none" : "");
}

at::Tensor PackedLinearPlus(const at::Tensor& x, const at::Tensor& packed_weight, const at::Tensor& bias,
                            const at::Tensor& residual) {
  static const auto linear = FindOperator<LinearPlusOperator>("mkldnn::_linear_pointwise", "binary");
  return linear.call(x.contiguous(), residual.contiguous(), packed_weight, Optional(bias), "add");
}

}  // namespace sightline::encoder
