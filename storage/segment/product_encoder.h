// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sightline::storage {

/// Encodes residuals with the centroids of a product quantiser, as faiss::ProductQuantizer::compute_codes does and in a
/// fraction of its time: the centroids lie dimension by dimension, so that eight of a subspace are compared at once.
/// Immutable.
class ProductEncoder {
 public:
  /// @param centroids  subspaces x 2^bits x (dim / subspaces), as FAISS keeps them.   @param bits  4 or 8.
  ProductEncoder(std::span<const float> centroids, size_t dim, size_t subspaces, int bits);

  size_t code_bytes() const { return (subspaces_ * static_cast<size_t>(bits_) + 7) / 8; }

  /// Writes code_bytes() per residual; 4-bit codes two to a byte, the first in the lower half.
  /// @param residuals  count x dim.
  void Encode(const float* residuals, size_t count, uint8_t* codes) const;

 private:
  template <size_t kWidth>
  uint32_t NearestOf(const float* values, size_t subspace) const;
  template <size_t kWidth>
  void EncodeOne(const float* residual, uint8_t* code) const;

  size_t subspaces_;
  size_t width_;  ///< Dimensions of a subspace.
  size_t clusters_;
  int bits_;
  std::vector<float> planes_;      ///< subspaces x width x clusters.
  std::vector<float> half_norms_;  ///< subspaces x clusters: half of the squared length.
};

}  // namespace sightline::storage
