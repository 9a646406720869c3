// SPDX-License-Identifier: BSD-3-Clause
#include "base/token_matrix.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "base/check.h"

namespace sightline {
namespace {

size_t ElementBytes(TokenFormat format) {
  switch (format) {
    case TokenFormat::kFp32:
      return 4;
    case TokenFormat::kFp16:
      return 2;
    case TokenFormat::kInt8:
      return 1;
  }
  CheckFailed("ElementBytes: not a TokenFormat", __FILE__, __LINE__);
}

void QuantizeRow(std::span<const float> row, int8_t* out, float& scale) {
  float largest = 0;
  for (float x : row) largest = std::max(largest, std::fabs(x));
  scale = largest / 127.0f;
  const float inverse = scale > 0 ? 1.0f / scale : 0.0f;
  for (size_t i = 0; i < row.size(); ++i) out[i] = static_cast<int8_t>(std::lrintf(row[i] * inverse));
}

}  // namespace

std::string_view NameOf(TokenFormat format) {
  switch (format) {
    case TokenFormat::kFp32:
      return "fp32";
    case TokenFormat::kFp16:
      return "fp16";
    case TokenFormat::kInt8:
      return "int8";
  }
  CheckFailed("NameOf: not a TokenFormat", __FILE__, __LINE__);
}

size_t TokenMatrixBytes(uint32_t tokens, uint32_t width, TokenFormat format) {
  const size_t elements = static_cast<size_t>(tokens) * width;
  return elements * ElementBytes(format) + (format == TokenFormat::kInt8 ? tokens * sizeof(float) : 0);
}

TokenMatrix MakeTokenMatrix(std::span<const float> values, uint32_t tokens, uint32_t width, TokenFormat format) {
  SL_CHECK(values.size() == static_cast<size_t>(tokens) * width);
  TokenMatrix matrix{tokens, width, format, {}, {}};
  matrix.data.resize(values.size() * ElementBytes(format));
  switch (format) {
    case TokenFormat::kFp32:
      if (!values.empty()) std::memcpy(matrix.data.data(), values.data(), matrix.data.size());
      break;
    case TokenFormat::kFp16: {
      auto* out = reinterpret_cast<uint16_t*>(matrix.data.data());
      for (size_t i = 0; i < values.size(); ++i) out[i] = FloatToHalf(values[i]);
      break;
    }
    case TokenFormat::kInt8: {
      matrix.scales.resize(tokens);
      auto* out = reinterpret_cast<int8_t*>(matrix.data.data());
      for (size_t t = 0; t < tokens; ++t)
        QuantizeRow(values.subspan(t * width, width), out + t * width, matrix.scales[t]);
      break;
    }
  }
  return matrix;
}

Status ExpandTokenMatrix(const TokenMatrix& matrix, std::span<float> out) {
  const size_t elements = static_cast<size_t>(matrix.tokens) * matrix.width;
  const size_t scales = matrix.format == TokenFormat::kInt8 ? matrix.tokens : 0;
  if (matrix.data.size() != elements * ElementBytes(matrix.format) || matrix.scales.size() != scales ||
      out.size() != elements) {
    return Fail(ErrorCode::kCorruption, "token matrix of " + std::to_string(matrix.tokens) + " x " +
                                            std::to_string(matrix.width) + " holds " +
                                            std::to_string(matrix.data.size()) + " bytes and " +
                                            std::to_string(matrix.scales.size()) + " scales");
  }
  switch (matrix.format) {
    case TokenFormat::kFp32:
      if (elements != 0) std::memcpy(out.data(), matrix.data.data(), matrix.data.size());
      break;
    case TokenFormat::kFp16: {
      const auto* in = reinterpret_cast<const uint16_t*>(matrix.data.data());
      for (size_t i = 0; i < elements; ++i) out[i] = HalfToFloat(in[i]);
      break;
    }
    case TokenFormat::kInt8: {
      const auto* in = reinterpret_cast<const int8_t*>(matrix.data.data());
      for (size_t t = 0; t < matrix.tokens; ++t) {
        for (size_t i = t * matrix.width; i < (t + 1) * matrix.width; ++i) {
          out[i] = static_cast<float>(in[i]) * matrix.scales[t];
        }
      }
      break;
    }
  }
  return {};
}

uint16_t FloatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);   // NaN
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // rounds to infinity
  if (magnitude < 0x38800000u) {  // subnormal half: let the FPU round at the right position
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
  }
  const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

float HalfToFloat(uint16_t half) {
  const uint32_t sign = (half & 0x8000u) << 16;
  const uint32_t exponent = (half >> 10) & 0x1fu;
  const uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t wide = exponent == 31 ? 0x7f800000u : (exponent + 112) << 23;
  return std::bit_cast<float>(sign | wide | (mantissa << 13));
}

}  // namespace sightline
