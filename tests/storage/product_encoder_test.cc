// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/product_encoder.h"

#include <random>

#include <faiss/impl/ProductQuantizer.h>

#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

struct Shape {
  size_t dim;
  size_t subspaces;
  int bits;
};

class ProductEncoderTest : public ::testing::TestWithParam<Shape> {};

INSTANTIATE_TEST_SUITE_P(Shapes, ProductEncoderTest,
                         ::testing::Values(Shape{256, 128, 4}, Shape{256, 64, 8}, Shape{24, 24, 4}, Shape{24, 8, 8},
                                           Shape{15, 5, 4}, Shape{7, 7, 8}, Shape{20, 2, 8}),
                         [](const auto& tested) {
                           return std::to_string(tested.param.dim) + "x" + std::to_string(tested.param.subspaces) +
                                  "x" + std::to_string(tested.param.bits);
                         });

uint32_t CodeAt(const uint8_t* code, size_t subspace, int bits) {
  return bits == 8 ? code[subspace] : code[subspace / 2] >> (subspace % 2 * 4) & 15;
}

TEST_P(ProductEncoderTest, ChoosesTheCentroidsThatFaissChooses) {
  const auto [dim, subspaces, bits] = GetParam();
  faiss::ProductQuantizer reference(dim, subspaces, static_cast<size_t>(bits));
  std::mt19937_64 random(7);
  std::normal_distribution<float> normal;
  for (float& value : reference.centroids) value = normal(random);
  const ProductEncoder encoder(reference.centroids, dim, subspaces, bits);
  ASSERT_EQ(encoder.code_bytes(), reference.code_size);

  constexpr size_t kCount = 200;
  std::vector<float> residuals(kCount * dim);
  for (float& value : residuals) value = normal(random);
  std::vector<uint8_t> expected(kCount * reference.code_size);
  std::vector<uint8_t> actual(expected.size(), 0xff);
  reference.compute_codes(residuals.data(), expected.data(), kCount);
  encoder.Encode(residuals.data(), kCount, actual.data());

  const auto distance = [&](const float* values, size_t subspace, uint32_t code) {
    const float* centroid = reference.get_centroids(subspace, code);
    double sum = 0;
    for (size_t d = 0; d < reference.dsub; ++d) sum += std::pow(double{values[d]} - centroid[d], 2);
    return sum;
  };
  for (size_t i = 0; i < kCount; ++i) {
    for (size_t m = 0; m < subspaces; ++m) {
      const uint32_t chosen = CodeAt(actual.data() + i * reference.code_size, m, bits);
      const uint32_t wanted = CodeAt(expected.data() + i * reference.code_size, m, bits);
      if (chosen == wanted) continue;
      // Only where two are as near, up to rounding.
      const float* values = residuals.data() + i * dim + m * reference.dsub;
      ASSERT_NEAR(distance(values, m, chosen), distance(values, m, wanted), 1e-5) << "residual " << i << ", " << m;
    }
  }
}

TEST(ProductEncoderTiesTest, TheFirstOfEqualCentroidsIsChosen) {
  const std::vector<float> centroids(16, 0.5F);
  const ProductEncoder encoder(centroids, 1, 1, 4);
  const float residual = 3;
  uint8_t code = 0xff;
  encoder.Encode(&residual, 1, &code);
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace sightline::storage
