// SPDX-License-Identifier: BSD-3-Clause
#include "base/token_matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/test_support.h"

namespace sightline {
namespace {

using testing::IsError;
using testing::IsOk;

std::vector<float> Expand(const TokenMatrix& matrix) {
  std::vector<float> values(static_cast<size_t>(matrix.tokens) * matrix.width);
  EXPECT_THAT(ExpandTokenMatrix(matrix, values), IsOk());
  return values;
}

TEST(TokenMatrixTest, Fp32KeepsEveryBit) {
  const std::vector<float> values = {1.5f, -2.25f, 1e-30f, 3e30f};
  EXPECT_EQ(Expand(MakeTokenMatrix(values, 2, 2, TokenFormat::kFp32)), values);
}

TEST(TokenMatrixTest, Int8IsWithinHalfAStepOfTheRowsLargestValue) {
  std::vector<float> values;
  for (int i = 0; i < 200; ++i) values.push_back(std::sin(static_cast<float>(i)) * (i < 100 ? 1.0f : 50.0f));
  const std::vector<float> back = Expand(MakeTokenMatrix(values, 2, 100, TokenFormat::kInt8));
  for (size_t i = 0; i < values.size(); ++i) {
    const float step = (i < 100 ? 1.0f : 50.0f) / 127.0f;
    EXPECT_NEAR(back[i], values[i], step * 0.501f) << i;
  }
}

TEST(TokenMatrixTest, Int8RowOfZerosStaysZero) {
  const std::vector<float> values(8, 0.0f);
  EXPECT_EQ(Expand(MakeTokenMatrix(values, 2, 4, TokenFormat::kInt8)), values);
}

TEST(TokenMatrixTest, BytesAreWhatTheFormatSays) {
  const std::vector<float> values(6, 1.0f);
  for (TokenFormat format : {TokenFormat::kFp32, TokenFormat::kFp16, TokenFormat::kInt8}) {
    EXPECT_EQ(MakeTokenMatrix(values, 3, 2, format).size_bytes(), TokenMatrixBytes(3, 2, format));
  }
  EXPECT_EQ(TokenMatrixBytes(3, 2, TokenFormat::kInt8), 6u + 12u);
}

TEST(TokenMatrixTest, WrongSizesAreCorruption) {
  TokenMatrix matrix = MakeTokenMatrix(std::vector<float>(6, 1.0f), 3, 2, TokenFormat::kInt8);
  std::vector<float> out(6);
  matrix.scales.pop_back();
  EXPECT_THAT(ExpandTokenMatrix(matrix, out), IsError(ErrorCode::kCorruption));
  matrix.scales.push_back(1.0f);
  matrix.data.pop_back();
  EXPECT_THAT(ExpandTokenMatrix(matrix, out), IsError(ErrorCode::kCorruption));
}

TEST(HalfTest, EveryFiniteHalfSurvivesTheRoundTrip) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    if ((half & 0x7c00u) == 0x7c00u) continue;  // infinity and NaN: below
    EXPECT_EQ(FloatToHalf(HalfToFloat(static_cast<uint16_t>(half))), half);
  }
}

TEST(HalfTest, RoundsToNearestEven) {
  EXPECT_EQ(FloatToHalf(1.0f + 0x1p-11f), 0x3c00);             // half way: to the even neighbour below
  EXPECT_EQ(FloatToHalf(1.0f + 0x1p-11f + 0x1p-20f), 0x3c01);  // above half way
  EXPECT_EQ(FloatToHalf(1.0f + 3 * 0x1p-11f), 0x3c02);         // half way: to the even neighbour above
  EXPECT_EQ(FloatToHalf(0x1p-25f), 0x0000);
  EXPECT_EQ(FloatToHalf(0x1.8p-25f), 0x0001);
  EXPECT_EQ(FloatToHalf(65519.0f), 0x7bff);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7c00);
}

TEST(HalfTest, KeepsInfinityAndNan) {
  EXPECT_EQ(FloatToHalf(-std::numeric_limits<float>::infinity()), 0xfc00);
  EXPECT_TRUE(std::isnan(HalfToFloat(FloatToHalf(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_EQ(HalfToFloat(0x7c00), std::numeric_limits<float>::infinity());
}

}  // namespace
}  // namespace sightline
