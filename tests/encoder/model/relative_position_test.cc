// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/model/relative_position_internal.h"

#include <vector>

#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

namespace sightline::encoder {
namespace {

std::vector<int64_t> Row(const at::Tensor& index, int64_t row) {
  const int64_t* data = index[row].data_ptr<int64_t>();
  return {data, data + index.size(1)};
}

int64_t At(const at::Tensor& index, int64_t query, int64_t key) { return index[query][key].item<int64_t>(); }

// The expected values are the golden ones of x2vlm-spec section 15.
TEST(RelativePositionParityTest, IndexOfTwoByTwoWindowIsTheGoldenOne) {
  const at::Tensor index = RelativePositionIndex(2);
  EXPECT_EQ(RelativePositionRows(2), 12);
  EXPECT_EQ(Row(index, 0), (std::vector<int64_t>{11, 9, 9, 9, 9}));
  EXPECT_EQ(Row(index, 1), (std::vector<int64_t>{10, 4, 3, 1, 0}));
  EXPECT_EQ(Row(index, 2), (std::vector<int64_t>{10, 5, 4, 2, 1}));
  EXPECT_EQ(Row(index, 3), (std::vector<int64_t>{10, 7, 6, 4, 3}));
  EXPECT_EQ(Row(index, 4), (std::vector<int64_t>{10, 8, 7, 5, 4}));
}

TEST(RelativePositionParityTest, IndexAt224PixelsHasTheGoldenValues) {
  const at::Tensor index = RelativePositionIndex(14);
  EXPECT_EQ(RelativePositionRows(14), 732);
  EXPECT_EQ(At(index, 1, 1), 364);
  EXPECT_EQ(At(index, 1, 2), 363);
  EXPECT_EQ(At(index, 2, 1), 365);
  EXPECT_EQ(At(index, 1, 15), 337);
  EXPECT_EQ(At(index, 196, 1), 728);
  EXPECT_EQ(At(index, 1, 196), 0);
  EXPECT_EQ(At(index, 0, 0), 731);
  EXPECT_EQ(At(index, 0, 77), 729);
  EXPECT_EQ(At(index, 77, 0), 730);
}

TEST(RelativePositionParityTest, IndexAt384PixelsHasTheGoldenValues) {
  const at::Tensor index = RelativePositionIndex(24);
  EXPECT_EQ(RelativePositionRows(24), 2212);
  EXPECT_EQ(At(index, 1, 1), 1104);
  EXPECT_EQ(At(index, 1, 2), 1103);
  EXPECT_EQ(At(index, 1, 25), 1057);
  EXPECT_EQ(At(index, 576, 1), 2208);
  EXPECT_EQ(At(index, 1, 576), 0);
  EXPECT_EQ(At(index, 0, 0), 2211);
  EXPECT_EQ(At(index, 0, 576), 2209);
  EXPECT_EQ(At(index, 576, 0), 2210);
}

TEST(RelativePositionTest, BiasIsLookedUpPerHeadAndPair) {
  const at::Tensor index = RelativePositionIndex(2);
  const at::Tensor table = at::arange(24, at::kFloat).view({12, 2});  // row r, head h holds 2 r + h
  const at::Tensor bias = RelativePositionBias(table, index);
  ASSERT_EQ(bias.sizes(), (std::vector<int64_t>{1, 2, 5, 5}));
  EXPECT_EQ(bias[0][0][1][4].item<float>(), 0.0f);
  EXPECT_EQ(bias[0][1][4][1].item<float>(), 17.0f);
  EXPECT_EQ(bias[0][1][0][0].item<float>(), 23.0f);
}

}  // namespace
}  // namespace sightline::encoder
