// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/types.h"

namespace sightline::eval {

/// What a pair that was not scored holds (x2vlm-spec section 9.2).
inline constexpr float kUnscored = -100.0F;

/// Scores of every row thing against every column thing, row-major.
class ScoreMatrix {
 public:
  ScoreMatrix() = default;
  ScoreMatrix(size_t rows, size_t columns, float value)
      : rows_(rows), columns_(columns), values_(rows * columns, value) {}
  /// `values.size()` must be rows * columns.
  ScoreMatrix(size_t rows, size_t columns, std::vector<float> values);

  size_t rows() const { return rows_; }
  size_t columns() const { return columns_; }
  std::span<const float> row(size_t index) const { return std::span(values_).subspan(index * columns_, columns_); }
  float at(size_t row, size_t column) const { return values_[row * columns_ + column]; }
  void set(size_t row, size_t column, float value) { values_[row * columns_ + column] = value; }

  ScoreMatrix Transposed() const;

 private:
  size_t rows_ = 0;
  size_t columns_ = 0;
  std::vector<float> values_;
};

/// Plain cosine of every picture (rows) with every text (columns), from embeddings of unit length and one dimension
/// (x2vlm-spec section 9.2, step 3: no temperature).
ScoreMatrix Similarity(std::span<const Embedding> images, std::span<const Embedding> texts);

}  // namespace sightline::eval
