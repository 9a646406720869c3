// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/bias_interpolation.h"

#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

#include "encoder/files/safetensors.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TestData;

struct Pair {
  int src;
  int dst;
  std::string name(const std::string& prefix, const std::string& between) const {
    return prefix + std::to_string(src) + between + std::to_string(dst);
  }
};
const std::vector<Pair> kPairs = {{14, 24}, {24, 14}, {14, 48}, {24, 48}, {14, 30}, {4, 6}, {6, 4}};

TEST(BiasInterpolationParityTest, TablesAreThoseOfTheReference) {
  const auto file = SafetensorsFile::Open(TestData("pretrain_tiny/interpolation.safetensors"));
  ASSERT_THAT(file, IsOk());
  for (const Pair& pair : kPairs) {
    const TensorView* const view = file->Find(pair.name("src_", "_"));
    ASSERT_NE(view, nullptr) << pair.name("", "_");
    std::vector<float> src(view->elements()), dst(file->Find(pair.name("dst_", "_"))->elements());
    ASSERT_THAT(file->ReadFloats(pair.name("src_", "_"), src), IsOk());
    ASSERT_THAT(file->ReadFloats(pair.name("dst_", "_"), dst), IsOk());
    const auto fitted = InterpolateBiasTable(src, static_cast<int>(view->shape[1]), pair.src, pair.dst);
    ASSERT_THAT(fitted, IsOk());
    ASSERT_EQ(fitted->size(), dst.size());
    double largest = 0;
    for (size_t i = 0; i < dst.size(); ++i) largest = std::max(largest, std::abs(double{(*fitted)[i]} - dst[i]));
    EXPECT_LE(largest, 1e-6) << pair.name("", " to ");
  }
}

TEST(BiasInterpolationParityTest, CoordinatesAreThoseOfTheReference) {
  const auto json = nlohmann::json::parse(ReadTestFile(TestData("pretrain_tiny/interpolation.json")));
  for (const Pair& pair : kPairs) {
    const auto expected = json["coordinates"][pair.name("", "_to_")].get<std::vector<double>>();
    const std::vector<double> ours = BiasSourceCoordinates(pair.src, pair.dst);
    ASSERT_EQ(ours.size(), expected.size()) << pair.name("", " to ");
    for (size_t i = 0; i < ours.size(); ++i) {
      EXPECT_NEAR(ours[i], expected[i], 1e-9 * expected[i]) << pair.name("", " to ") << " at " << i;
    }
  }
}

// x2vlm-spec section 15.
TEST(BiasInterpolationTest, GoldenValuesOfTheSpecification) {
  std::vector<float> table;
  for (int i = 0; i < 27; ++i) {
    for (int j = 0; j < 27; ++j) table.push_back(static_cast<float>(std::sin(0.3 * i) + std::cos(0.2 * j)));
  }
  table.insert(table.end(), {7, 8, 9});
  const auto out = InterpolateBiasTable(table, 1, 14, 24);
  ASSERT_THAT(out, IsOk());
  ASSERT_EQ(out->size(), 2212U);
  const auto at = [&](size_t i, size_t j) { return (*out)[i * 47 + j]; };
  EXPECT_NEAR(at(0, 0), 1.0000000000, 1e-6);
  EXPECT_NEAR(at(0, 46), 0.4685166776, 1e-6);
  EXPECT_NEAR(at(23, 23), -1.5446549654, 1e-6);
  EXPECT_NEAR(at(10, 30), 0.1039700133, 1e-6);
  EXPECT_NEAR(at(46, 0), 1.9985433817, 1e-6);
  EXPECT_NEAR(at(40, 7), 1.6096015154, 1e-6);
  EXPECT_EQ((*out)[2209], 7);
  EXPECT_EQ((*out)[2211], 9);
}

TEST(BiasInterpolationTest, EqualGridsGiveACopy) {
  const std::vector<float> table(static_cast<size_t>(BiasTableRows(3)) * 2, 0.1F);
  const auto out = InterpolateBiasTable(table, 2, 3, 3);
  ASSERT_THAT(out, IsOk());
  EXPECT_EQ(*out, table);
}

TEST(BiasInterpolationMalformedTest, WrongSizesAreRefused) {
  const std::vector<float> table(static_cast<size_t>(BiasTableRows(3)) * 2);
  EXPECT_THAT(InterpolateBiasTable(table, 1, 3, 5), IsErrorWith(ErrorCode::kInvalidArgument, "from 3 to 5"));
  EXPECT_THAT(InterpolateBiasTable(table, 2, 3, 0), IsErrorWith(ErrorCode::kInvalidArgument, "from 3 to 0"));
  EXPECT_THAT(InterpolateBiasTable({}, 0, 3, 5), IsErrorWith(ErrorCode::kInvalidArgument, "0 values"));
  const std::vector<float> two_by_two(12);
  EXPECT_THAT(InterpolateBiasTable(two_by_two, 1, 2, 5), IsErrorWith(ErrorCode::kInvalidArgument, "from 2 to 5"));
}

}  // namespace
}  // namespace sightline::encoder
