// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::encoder {

/// Element types of tensors in model files: those of safetensors.
enum class DType { kF64, kF32, kF16, kBf16, kI64, kI32, kI8, kU8, kBool };

/// "F32", as safetensors spells it.
std::string_view NameOf(DType dtype);
/// The inverse of NameOf; nothing for any other word.
std::optional<DType> DTypeFromName(std::string_view name);
/// Bytes per element.
size_t SizeOf(DType dtype);

/// Sizes per dimension, outermost first; empty for a scalar.
using Shape = std::vector<int64_t>;

/// The product of the sizes, 1 for a scalar; nothing when a size is negative or the product does not fit 62 bits.
std::optional<uint64_t> ElementCount(const Shape& shape);
/// "(64, 3, 16, 16)", "()" for a scalar.
std::string ToString(const Shape& shape);

/// A contiguous, row-major, little-endian tensor in memory of somebody else: data.size() is ElementCount(shape) *
/// SizeOf(dtype). `data` need not be aligned.
struct TensorView {
  DType dtype = DType::kF32;
  Shape shape;
  std::span<const std::byte> data;

  uint64_t elements() const { return data.size() / SizeOf(dtype); }
};

/// Expands a floating-point tensor to fp32, or an int8 one whose `row_scale` holds one fp32 factor per index of its
/// first dimension: value = int8 * row_scale[row].
/// @param row_scale  F32 of shape (tensor.shape[0]) for I8, otherwise null.
/// @param out  tensor.elements() floats, row-major.
/// Errors: kInvalidArgument (wrong size of `out`; an integer tensor without scale, a float tensor with one; a scale of
/// another type or shape).
Status ExpandToFloat(const TensorView& tensor, const TensorView* row_scale, std::span<float> out);

}  // namespace sightline::encoder
