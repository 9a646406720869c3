// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sightline::bench {

/// What generated vectors look like. See Note [Generated vectors].
struct VectorRecipe {
  uint64_t seed = 1;
  size_t dim = 256;
  uint32_t centres = 20'000;
  double spectrum = 12;       ///< Coordinate j has the scale 1 / (1 + j / spectrum).
  double noise = 0.72;        ///< Length of the noise around a centre, relative to the centre's.
  double query_offset = 0.6;  ///< Length of what is added to every query before it is normalised.
};

/// Unit vectors that stand for picture embeddings, and queries that stand for text embeddings. The same on every
/// machine: integer random numbers, and only float operations that IEEE 754 rounds exactly. Any row can be made without
/// the others. Immutable.
class VectorData {
 public:
  explicit VectorData(const VectorRecipe& recipe);

  size_t dim() const { return recipe_.dim; }
  /// Writes rows [begin, begin + count), dim() floats each.
  void Rows(uint64_t begin, size_t count, float* values) const;
  /// As Rows, for the queries.
  void Queries(uint64_t begin, size_t count, float* values) const;
  std::vector<float> Rows(uint64_t begin, size_t count) const;
  std::vector<float> Queries(uint64_t begin, size_t count) const;

 private:
  void Point(uint64_t stream, uint64_t row, float* values) const;

  VectorRecipe recipe_;
  std::vector<float> scales_;  ///< One per coordinate; their squares sum to 1.
  std::vector<float> centres_;
  std::vector<float> offset_;
};

}  // namespace sightline::bench
