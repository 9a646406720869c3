// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/tensor_view.h"

#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;

constexpr auto kInvalid = ErrorCode::kInvalidArgument;

TEST(TensorViewTest, NamesReadBack) {
  for (const char* name : {"F64", "F32", "F16", "BF16", "I64", "I32", "I8", "U8", "BOOL"}) {
    const auto dtype = DTypeFromName(name);
    ASSERT_TRUE(dtype.has_value()) << name;
    EXPECT_EQ(NameOf(*dtype), name);
  }
  EXPECT_FALSE(DTypeFromName("f32").has_value());
  EXPECT_FALSE(DTypeFromName("").has_value());
}

TEST(TensorViewTest, ElementsAreCountedWithoutOverflow) {
  EXPECT_EQ(ElementCount({}), 1U);
  EXPECT_EQ(ElementCount({2, 3, 4}), 24U);
  EXPECT_EQ(ElementCount({5, 0, 7}), 0U);
  EXPECT_EQ(ElementCount({-1}), std::nullopt);
  EXPECT_EQ(ElementCount({int64_t{1} << 31, int64_t{1} << 31}), uint64_t{1} << 62);
  EXPECT_EQ(ElementCount({int64_t{1} << 31, int64_t{1} << 31, 2}), std::nullopt);
  EXPECT_EQ(ElementCount({INT64_MAX, INT64_MAX}), std::nullopt);
  EXPECT_EQ(ElementCount({INT64_MAX, INT64_MAX, 0}), std::nullopt);
}

TEST(TensorViewTest, ShapesAreShownForPeople) {
  EXPECT_EQ(ToString(Shape{}), "()");
  EXPECT_EQ(ToString(Shape{64, 3, 16}), "(64, 3, 16)");
}

TEST(TensorViewTest, UnalignedDoublesExpand) {
  const double values[] = {0.5, -2};
  std::vector<std::byte> bytes(1);
  const auto raw = std::as_bytes(std::span(values));
  bytes.insert(bytes.end(), raw.begin(), raw.end());
  const TensorView view{DType::kF64, {2}, std::span(bytes).subspan(1)};
  std::vector<float> out(2);
  ASSERT_THAT(ExpandToFloat(view, nullptr, out), IsOk());
  EXPECT_EQ(out, (std::vector<float>{0.5F, -2}));
}

TEST(TensorViewMalformedTest, WhatDoesNotFitIsRefused) {
  const std::vector<std::byte> bytes(8);
  const TensorView integers{DType::kI32, {2}, bytes};
  const TensorView floats{DType::kF32, {2}, bytes};
  const TensorView scalar{DType::kI8, {}, std::span(bytes).first(1)};
  std::vector<float> one(1), two(2);
  EXPECT_THAT(ExpandToFloat(integers, nullptr, two), IsErrorWith(kInvalid, "I32"));
  EXPECT_THAT(ExpandToFloat(floats, nullptr, one), IsErrorWith(kInvalid, "does not fill 1"));
  EXPECT_THAT(ExpandToFloat(floats, &floats, two), IsErrorWith(kInvalid, "a scale beside"));
  EXPECT_THAT(ExpandToFloat(scalar, &floats, one), IsErrorWith(kInvalid, "not one F32 per row"));
}

}  // namespace
}  // namespace sightline::encoder
