// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline {

/// How the elements of a TokenMatrix are stored. The values are stored on disk: never renumber.
enum class TokenFormat : uint8_t {
  kFp32 = 1,
  kFp16 = 2,
  kInt8 = 3,  ///< One fp32 scale per token: element = int8 * scale.
};

/// "fp32", "fp16", "int8".
std::string_view NameOf(TokenFormat format);

/// The patches of an image or clip unit, or the token states of a text unit: what the fusion encoder reads.
/// A (tokens x width) matrix, row-major, one row per token; row 0 is the mean token (patches) or [CLS] (token states).
struct TokenMatrix {
  uint32_t tokens = 0;
  uint32_t width = 0;
  TokenFormat format = TokenFormat::kFp32;
  std::vector<std::byte> data;  ///< tokens * width elements, native byte order (little-endian).
  std::vector<float> scales;    ///< One per token for kInt8, otherwise empty.

  bool empty() const { return tokens == 0; }
  /// Bytes of elements and scales.
  size_t size_bytes() const { return data.size() + scales.size() * sizeof(float); }

  friend bool operator==(const TokenMatrix&, const TokenMatrix&) = default;
};

/// Bytes that a matrix of this shape takes in `format`, scales included.
size_t TokenMatrixBytes(uint32_t tokens, uint32_t width, TokenFormat format);

/// Wraps tokens * width fp32 values, row-major, in the given format. int8 rounds to nearest with scale = max|x| / 127
/// of the row (an all-zero row gets scale 0); fp16 rounds to nearest even. `values.size()` must be tokens * width.
TokenMatrix MakeTokenMatrix(std::span<const float> values, uint32_t tokens, uint32_t width, TokenFormat format);

/// Expands to fp32, row-major; `out.size()` must be tokens * width.
/// Errors: kCorruption when data or scales do not have the size that the shape asks for.
Status ExpandTokenMatrix(const TokenMatrix& matrix, std::span<float> out);

/// IEEE binary16 <-> binary32, round to nearest even.
uint16_t FloatToHalf(float value);
float HalfToFloat(uint16_t half);

}  // namespace sightline
