// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/product_encoder.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace sightline::storage {
namespace {

// Vectors of the compiler (GCC and Clang): without AVX they become two or more of what there is.
constexpr size_t kLanes = 8;
using Floats8 = float __attribute__((vector_size(kLanes * sizeof(float))));
using Ints8 = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t))));

}  // namespace

ProductEncoder::ProductEncoder(std::span<const float> centroids, size_t dim, size_t subspaces, int bits)
    : subspaces_(subspaces),
      width_(dim / subspaces),
      clusters_(size_t{1} << bits),
      bits_(bits),
      planes_(dim * clusters_),
      half_norms_(subspaces * clusters_) {
  for (size_t m = 0; m < subspaces_; ++m) {
    for (size_t c = 0; c < clusters_; ++c) {
      const float* centroid = centroids.data() + (m * clusters_ + c) * width_;
      for (size_t d = 0; d < width_; ++d) {
        planes_[(m * width_ + d) * clusters_ + c] = centroid[d];
        half_norms_[m * clusters_ + c] += centroid[d] * centroid[d] / 2;
      }
    }
  }
}

void ProductEncoder::Encode(const float* residuals, size_t count, uint8_t* codes) const {
  const size_t dim = subspaces_ * width_;
  for (size_t i = 0; i < count; ++i, residuals += dim, codes += code_bytes()) {
    switch (width_) {
      case 1:
        EncodeOne<1>(residuals, codes);
        break;
      case 2:
        EncodeOne<2>(residuals, codes);
        break;
      case 4:
        EncodeOne<4>(residuals, codes);
        break;
      default:
        EncodeOne<0>(residuals, codes);
    }
  }
}

template <size_t kWidth>
void ProductEncoder::EncodeOne(const float* residual, uint8_t* code) const {
  if (bits_ == 8) {
    for (size_t m = 0; m < subspaces_; ++m) code[m] = static_cast<uint8_t>(NearestOf<kWidth>(residual + m * width_, m));
    return;
  }
  std::fill_n(code, code_bytes(), uint8_t{0});
  for (size_t m = 0; m < subspaces_; ++m) {
    const uint32_t nearest = NearestOf<kWidth>(residual + m * width_, m);
    code[m / 2] = static_cast<uint8_t>(code[m / 2] | nearest << (m % 2 * 4));
  }
}

// The greatest inner product less half the centroid's squared length is the least distance. kWidth 0: width_.
template <size_t kWidth>
uint32_t ProductEncoder::NearestOf(const float* values, size_t subspace) const {
  const size_t width = kWidth == 0 ? width_ : kWidth;
  const float* planes = planes_.data() + subspace * width * clusters_;
  const float* half_norms = half_norms_.data() + subspace * clusters_;
  constexpr float kLeast = -std::numeric_limits<float>::infinity();
  Floats8 best = {kLeast, kLeast, kLeast, kLeast, kLeast, kLeast, kLeast, kLeast};
  Ints8 which = {};
  Ints8 here = {0, 1, 2, 3, 4, 5, 6, 7};
  for (size_t c = 0; c < clusters_; c += kLanes, here += static_cast<int32_t>(kLanes)) {
    Floats8 score;
    std::memcpy(&score, half_norms + c, sizeof(score));
    score = -score;
    for (size_t d = 0; d < width; ++d) {
      Floats8 plane;
      std::memcpy(&plane, planes + d * clusters_ + c, sizeof(plane));
      score += values[d] * plane;
    }
    const Ints8 better = score > best;
    best = better ? score : best;
    which = better ? here : which;
  }
  size_t lane = 0;
  for (size_t i = 1; i < kLanes; ++i) {
    if (best[i] > best[lane] || (best[i] == best[lane] && which[i] < which[lane])) lane = i;
  }
  return static_cast<uint32_t>(which[lane]);
}

}  // namespace sightline::storage
