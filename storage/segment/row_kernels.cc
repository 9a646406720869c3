// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/row_kernels.h"

#include <algorithm>
#include <limits>

#include "base/token_matrix.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sightline::storage {

int32_t MaxQueryValue(size_t dim) {
  const size_t largest = static_cast<size_t>(std::numeric_limits<int32_t>::max()) / (128 * std::max<size_t>(dim, 1));
  return static_cast<int32_t>(std::clamp<size_t>(largest, 1, std::numeric_limits<int16_t>::max()));
}

namespace portable {

int32_t DotInt16Int8(const int16_t* query, const int8_t* row, size_t dim) {
  int32_t sum = 0;
  for (size_t i = 0; i < dim; ++i) sum += query[i] * row[i];
  return sum;
}

int32_t DotInt8Int8(const int8_t* a, const int8_t* b, size_t dim) {
  int32_t sum = 0;
  for (size_t i = 0; i < dim; ++i) sum += a[i] * b[i];
  return sum;
}

float DotFloatHalf(const float* query, const uint16_t* row, size_t dim) {
  float sum = 0;
  for (size_t i = 0; i < dim; ++i) sum += query[i] * HalfToFloat(row[i]);
  return sum;
}

float DotHalfHalf(const uint16_t* a, const uint16_t* b, size_t dim) {
  float sum = 0;
  for (size_t i = 0; i < dim; ++i) sum += HalfToFloat(a[i]) * HalfToFloat(b[i]);
  return sum;
}

}  // namespace portable

#if defined(__x86_64__)
namespace {

#define SL_AVX2 __attribute__((target("avx2,fma,f16c")))

bool HasAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
}
const bool kHasAvx2 = HasAvx2();

SL_AVX2 inline __m256i LoadInt8(const int8_t* values) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values)));
}

SL_AVX2 inline int32_t Sum(__m256i lanes) {
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
  return _mm_cvtsi128_si32(sum);
}

SL_AVX2 inline float Sum(__m256 lanes) {
  __m128 sum = _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
  sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
  sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
  return _mm_cvtss_f32(sum);
}

SL_AVX2 int32_t DotInt16Int8Avx2(const int16_t* query, const int8_t* row, size_t dim) {
  __m256i even = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();
  size_t i = 0;
  const auto load_query = [query](size_t at)
                              SL_AVX2 { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(query + at)); };
  for (; i + 32 <= dim; i += 32) {
    even = _mm256_add_epi32(even, _mm256_madd_epi16(load_query(i), LoadInt8(row + i)));
    odd = _mm256_add_epi32(odd, _mm256_madd_epi16(load_query(i + 16), LoadInt8(row + i + 16)));
  }
  if (i + 16 <= dim) {
    even = _mm256_add_epi32(even, _mm256_madd_epi16(load_query(i), LoadInt8(row + i)));
    i += 16;
  }
  return Sum(_mm256_add_epi32(even, odd)) + portable::DotInt16Int8(query + i, row + i, dim - i);
}

SL_AVX2 int32_t DotInt8Int8Avx2(const int8_t* a, const int8_t* b, size_t dim) {
  __m256i even = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();
  size_t i = 0;
  for (; i + 32 <= dim; i += 32) {
    even = _mm256_add_epi32(even, _mm256_madd_epi16(LoadInt8(a + i), LoadInt8(b + i)));
    odd = _mm256_add_epi32(odd, _mm256_madd_epi16(LoadInt8(a + i + 16), LoadInt8(b + i + 16)));
  }
  return Sum(_mm256_add_epi32(even, odd)) + portable::DotInt8Int8(a + i, b + i, dim - i);
}

SL_AVX2 inline __m256 LoadHalf(const uint16_t* values) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values)));
}

SL_AVX2 float DotFloatHalfAvx2(const float* query, const uint16_t* row, size_t dim) {
  __m256 even = _mm256_setzero_ps();
  __m256 odd = _mm256_setzero_ps();
  size_t i = 0;
  for (; i + 16 <= dim; i += 16) {
    even = _mm256_fmadd_ps(_mm256_loadu_ps(query + i), LoadHalf(row + i), even);
    odd = _mm256_fmadd_ps(_mm256_loadu_ps(query + i + 8), LoadHalf(row + i + 8), odd);
  }
  return Sum(_mm256_add_ps(even, odd)) + portable::DotFloatHalf(query + i, row + i, dim - i);
}

SL_AVX2 float DotHalfHalfAvx2(const uint16_t* a, const uint16_t* b, size_t dim) {
  __m256 sum = _mm256_setzero_ps();
  size_t i = 0;
  for (; i + 8 <= dim; i += 8) sum = _mm256_fmadd_ps(LoadHalf(a + i), LoadHalf(b + i), sum);
  return Sum(sum) + portable::DotHalfHalf(a + i, b + i, dim - i);
}

}  // namespace

int32_t DotInt16Int8(const int16_t* query, const int8_t* row, size_t dim) {
  return kHasAvx2 ? DotInt16Int8Avx2(query, row, dim) : portable::DotInt16Int8(query, row, dim);
}
int32_t DotInt8Int8(const int8_t* a, const int8_t* b, size_t dim) {
  return kHasAvx2 ? DotInt8Int8Avx2(a, b, dim) : portable::DotInt8Int8(a, b, dim);
}
float DotFloatHalf(const float* query, const uint16_t* row, size_t dim) {
  return kHasAvx2 ? DotFloatHalfAvx2(query, row, dim) : portable::DotFloatHalf(query, row, dim);
}
float DotHalfHalf(const uint16_t* a, const uint16_t* b, size_t dim) {
  return kHasAvx2 ? DotHalfHalfAvx2(a, b, dim) : portable::DotHalfHalf(a, b, dim);
}

#else

int32_t DotInt16Int8(const int16_t* query, const int8_t* row, size_t dim) {
  return portable::DotInt16Int8(query, row, dim);
}
int32_t DotInt8Int8(const int8_t* a, const int8_t* b, size_t dim) { return portable::DotInt8Int8(a, b, dim); }
float DotFloatHalf(const float* query, const uint16_t* row, size_t dim) {
  return portable::DotFloatHalf(query, row, dim);
}
float DotHalfHalf(const uint16_t* a, const uint16_t* b, size_t dim) { return portable::DotHalfHalf(a, b, dim); }

#endif

}  // namespace sightline::storage
