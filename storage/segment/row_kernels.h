// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>

namespace sightline::storage {

// Inner products over rows of a RowStore. Every function has an AVX2 form, chosen when the program starts, and a
// portable one; integer results are the same in both.

/// How large the values of a 16-bit query may be so that DotInt16Int8 cannot overflow.
int32_t MaxQueryValue(size_t dim);

int32_t DotInt16Int8(const int16_t* query, const int8_t* row, size_t dim);
int32_t DotInt8Int8(const int8_t* a, const int8_t* b, size_t dim);
float DotFloatHalf(const float* query, const uint16_t* row, size_t dim);
float DotHalfHalf(const uint16_t* a, const uint16_t* b, size_t dim);

/// The portable forms, for tests.
namespace portable {
int32_t DotInt16Int8(const int16_t* query, const int8_t* row, size_t dim);
int32_t DotInt8Int8(const int8_t* a, const int8_t* b, size_t dim);
float DotFloatHalf(const float* query, const uint16_t* row, size_t dim);
float DotHalfHalf(const uint16_t* a, const uint16_t* b, size_t dim);
}  // namespace portable

}  // namespace sightline::storage
