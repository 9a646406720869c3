// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/tensor_view.h"

#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "base/token_matrix.h"

namespace sightline::encoder {
namespace {

static_assert(std::endian::native == std::endian::little, "model files are little-endian");

constexpr std::array<std::pair<DType, std::string_view>, 9> kDTypeNames = {{
    {DType::kF64, "F64"},
    {DType::kF32, "F32"},
    {DType::kF16, "F16"},
    {DType::kBf16, "BF16"},
    {DType::kI64, "I64"},
    {DType::kI32, "I32"},
    {DType::kI8, "I8"},
    {DType::kU8, "U8"},
    {DType::kBool, "BOOL"},
}};

/// Element `index` of unaligned data.
template <typename T>
T Load(std::span<const std::byte> data, size_t index) {
  T value;
  std::memcpy(&value, data.data() + index * sizeof(T), sizeof(T));
  return value;
}

float Bf16ToFloat(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

void ExpandRows(const TensorView& tensor, const TensorView& row_scale, std::span<float> out) {
  const size_t rows = row_scale.elements();
  const size_t columns = rows == 0 ? 0 : out.size() / rows;
  for (size_t row = 0; row < rows; ++row) {
    const auto scale = Load<float>(row_scale.data, row);
    for (size_t i = row * columns; i < (row + 1) * columns; ++i) {
      out[i] = static_cast<float>(static_cast<int8_t>(tensor.data[i])) * scale;
    }
  }
}

Status CheckRowScale(const TensorView& tensor, const TensorView* row_scale) {
  if (row_scale == nullptr) return Fail(ErrorCode::kInvalidArgument, "an I8 tensor without a scale per row");
  if (tensor.shape.empty() || row_scale->dtype != DType::kF32 || row_scale->shape != Shape{tensor.shape[0]}) {
    return Fail(ErrorCode::kInvalidArgument, "the scale of an I8 tensor of shape " + ToString(tensor.shape) + " is " +
                                                 std::string(NameOf(row_scale->dtype)) + " " +
                                                 ToString(row_scale->shape) + ", not one F32 per row");
  }
  return {};
}

}  // namespace

std::string_view NameOf(DType dtype) {
  for (const auto& [known, name] : kDTypeNames) {
    if (known == dtype) return name;
  }
  return "?";
}

std::optional<DType> DTypeFromName(std::string_view name) {
  for (const auto& [dtype, known] : kDTypeNames) {
    if (known == name) return dtype;
  }
  return std::nullopt;
}

size_t SizeOf(DType dtype) {
  switch (dtype) {
    case DType::kF64:
    case DType::kI64:
      return 8;
    case DType::kF32:
    case DType::kI32:
      return 4;
    case DType::kF16:
    case DType::kBf16:
      return 2;
    case DType::kI8:
    case DType::kU8:
    case DType::kBool:
      return 1;
  }
  return 1;
}

std::optional<uint64_t> ElementCount(const Shape& shape) {
  constexpr uint64_t kMaxElements = uint64_t{1} << 62;
  uint64_t count = 1;
  bool empty = false;
  for (const int64_t size : shape) {
    if (size < 0) return std::nullopt;
    if (size == 0) {
      empty = true;
      continue;
    }
    if (count > kMaxElements / static_cast<uint64_t>(size)) return std::nullopt;
    count *= static_cast<uint64_t>(size);
  }
  return empty ? 0 : count;
}

std::string ToString(const Shape& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + ")";
}

Status ExpandToFloat(const TensorView& tensor, const TensorView* row_scale, std::span<float> out) {
  if (out.size() != tensor.elements()) {
    return Fail(ErrorCode::kInvalidArgument, "a tensor of shape " + ToString(tensor.shape) + " does not fill " +
                                                 std::to_string(out.size()) + " floats");
  }
  if (tensor.dtype == DType::kI8) {
    SL_RETURN_IF_ERROR(CheckRowScale(tensor, row_scale));
    ExpandRows(tensor, *row_scale, out);
    return {};
  }
  if (row_scale != nullptr) {
    return Fail(ErrorCode::kInvalidArgument, "a scale beside a tensor of type " + std::string(NameOf(tensor.dtype)));
  }
  if (tensor.dtype == DType::kF32) {
    if (!out.empty()) std::memcpy(out.data(), tensor.data.data(), tensor.data.size());
  } else if (tensor.dtype == DType::kF16) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = HalfToFloat(Load<uint16_t>(tensor.data, i));
  } else if (tensor.dtype == DType::kBf16) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = Bf16ToFloat(Load<uint16_t>(tensor.data, i));
  } else if (tensor.dtype == DType::kF64) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(Load<double>(tensor.data, i));
  } else {
    return Fail(ErrorCode::kInvalidArgument, "type " + std::string(NameOf(tensor.dtype)) + " holds no weights");
  }
  return {};
}

}  // namespace sightline::encoder
