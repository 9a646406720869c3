// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/row_kernels.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/token_matrix.h"
#include "storage/segment/row_store.h"
#include "tests/storage/segment_fixture.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using sightline::testing::IsError;
using sightline::testing::IsOk;

class RowKernelsTest : public ::testing::TestWithParam<size_t> {};

TEST_P(RowKernelsTest, IntegerProductsAreExactAlsoAtTheirLimits) {
  const size_t dim = GetParam();
  std::mt19937_64 random(dim);
  std::vector<int8_t> a(dim), b(dim);
  std::vector<int16_t> query(dim);
  for (int trial = 0; trial < 10; ++trial) {
    int64_t with_query = 0;
    int64_t with_row = 0;
    for (size_t i = 0; i < dim; ++i) {
      a[i] = trial == 0 ? int8_t{127} : static_cast<int8_t>(random());
      b[i] = trial == 0 ? int8_t{-128} : static_cast<int8_t>(random());
      const int32_t limit = MaxQueryValue(dim);
      query[i] = static_cast<int16_t>(trial == 0 ? -limit : static_cast<int64_t>(random() % (2 * limit)) - limit);
      with_query += static_cast<int64_t>(query[i]) * b[i];
      with_row += static_cast<int64_t>(a[i]) * b[i];
    }
    EXPECT_EQ(DotInt16Int8(query.data(), b.data(), dim), with_query);
    EXPECT_EQ(DotInt8Int8(a.data(), b.data(), dim), with_row);
    EXPECT_EQ(portable::DotInt16Int8(query.data(), b.data(), dim), with_query);
    EXPECT_EQ(portable::DotInt8Int8(a.data(), b.data(), dim), with_row);
  }
}

TEST_P(RowKernelsTest, HalfProductsEqualTheirDefinition) {
  const size_t dim = GetParam();
  std::mt19937_64 random(dim);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> query(dim);
  std::vector<uint16_t> a(dim), b(dim);
  double with_query = 0;
  double with_row = 0;
  for (size_t i = 0; i < dim; ++i) {
    query[i] = uniform(random);
    a[i] = FloatToHalf(uniform(random));
    b[i] = FloatToHalf(uniform(random));
    with_query += static_cast<double>(query[i]) * HalfToFloat(b[i]);
    with_row += static_cast<double>(HalfToFloat(a[i])) * HalfToFloat(b[i]);
  }
  const double tolerance = 1e-6 * std::sqrt(static_cast<double>(dim)) + 1e-6;
  EXPECT_NEAR(DotFloatHalf(query.data(), b.data(), dim), with_query, tolerance);
  EXPECT_NEAR(DotHalfHalf(a.data(), b.data(), dim), with_row, tolerance);
  EXPECT_NEAR(portable::DotFloatHalf(query.data(), b.data(), dim), with_query, tolerance);
  EXPECT_NEAR(portable::DotHalfHalf(a.data(), b.data(), dim), with_row, tolerance);
}

INSTANTIATE_TEST_SUITE_P(Dims, RowKernelsTest, ::testing::Values(1, 7, 8, 15, 16, 17, 31, 33, 48, 100, 256, 1027));

TEST(RowStoreTest, ScoresAreCosinesUpToTheErrorOfTheFormat) {
  const testing::TestRows rows = testing::MakeRows(50, 100, 1);
  const auto queries = testing::MakeQueries(rows, 5, 2);
  for (const auto& [format, tolerance] : {std::pair{RowFormat::kInt8, 4e-3}, std::pair{RowFormat::kFp16, 1e-3}}) {
    RowStore store(format, 100, 50);
    ASSERT_THAT(store.Write(0, 50, rows.values.data()), IsOk());
    std::vector<float> read(50 * 100);
    store.Read(0, 50, read.data());
    for (size_t i = 0; i < read.size(); ++i) ASSERT_NEAR(read[i], rows.values[i], tolerance);
    RowQuery query;
    for (const auto& values : queries) {
      store.Prepare(values, query);
      for (size_t row = 0; row < 50; ++row) {
        double expected = 0;
        for (size_t i = 0; i < 100; ++i) expected += static_cast<double>(values[i]) * rows.row(row)[i];
        EXPECT_NEAR(store.Score(query, row), expected, tolerance);
      }
    }
    store.Prepare(3, query);
    EXPECT_NEAR(store.Score(query, 7), store.ScorePair(3, 7), 1e-5);
  }
}

TEST(RowStoreTest, RowsThatWereReadEncodeToTheSameBytes) {
  // What a merge relies on: building from rows that went through the format once loses nothing more.
  const testing::TestRows rows = testing::MakeRows(20, 33, 1);
  for (const RowFormat format : {RowFormat::kInt8, RowFormat::kFp16}) {
    RowStore first(format, 33, 20);
    ASSERT_THAT(first.Write(0, 20, rows.values.data()), IsOk());
    std::vector<float> read(20 * 33);
    first.Read(0, 20, read.data());
    RowStore second(format, 33, 20);
    ASSERT_THAT(second.Write(0, 20, read.data()), IsOk());
    std::vector<float> again(20 * 33);
    second.Read(0, 20, again.data());
    for (size_t i = 0; i < read.size(); ++i) EXPECT_FLOAT_EQ(read[i], again[i]);
  }
}

TEST(RowStoreTest, ValuesThatAreNotFiniteAreRefused) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    for (const RowFormat format : {RowFormat::kInt8, RowFormat::kFp16}) {
      RowStore store(format, 3, 1);
      const std::vector<float> values = {0.5f, bad, 0.25f};
      EXPECT_THAT(store.Write(0, 1, values.data()), IsError(ErrorCode::kInvalidArgument));
    }
  }
  RowStore int8(RowFormat::kInt8, 1, 1);
  const float huge = 2e15f;  // the product of two such rows has to stay finite
  EXPECT_THAT(int8.Write(0, 1, &huge), IsError(ErrorCode::kInvalidArgument));
  RowStore half(RowFormat::kFp16, 1, 1);
  const float too_large = 1e6f;
  EXPECT_THAT(half.Write(0, 1, &too_large), IsError(ErrorCode::kInvalidArgument));
}

TEST(RowStoreTest, RowsOfZerosAndOfTinyValuesScoreZero) {
  RowStore store(RowFormat::kInt8, 3, 2);
  const std::vector<float> values = {0, 0, 0, 1e-40f, 0, 0};
  ASSERT_THAT(store.Write(0, 2, values.data()), IsOk());
  RowQuery query;
  store.Prepare(std::vector<float>{1, 1, 1}, query);
  EXPECT_EQ(store.Score(query, 0), 0);
  EXPECT_EQ(store.Score(query, 1), 0);
  EXPECT_THAT(store.CheckValues(), IsOk());
}

}  // namespace
}  // namespace sightline::storage
