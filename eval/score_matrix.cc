// SPDX-License-Identifier: BSD-3-Clause
#include "eval/score_matrix.h"

#include <numeric>
#include <utility>

#include "base/check.h"

namespace sightline::eval {

ScoreMatrix::ScoreMatrix(size_t rows, size_t columns, std::vector<float> values)
    : rows_(rows), columns_(columns), values_(std::move(values)) {
  SL_CHECK(values_.size() == rows_ * columns_);
}

ScoreMatrix ScoreMatrix::Transposed() const {
  ScoreMatrix out(columns_, rows_, 0.0F);
  for (size_t row = 0; row < rows_; ++row) {
    for (size_t column = 0; column < columns_; ++column) out.set(column, row, at(row, column));
  }
  return out;
}

ScoreMatrix Similarity(std::span<const Embedding> images, std::span<const Embedding> texts) {
  ScoreMatrix out(images.size(), texts.size(), 0.0F);
  for (size_t i = 0; i < images.size(); ++i) {
    for (size_t t = 0; t < texts.size(); ++t) {
      SL_CHECK(images[i].size() == texts[t].size());
      out.set(i, t, std::inner_product(images[i].begin(), images[i].end(), texts[t].begin(), 0.0F));
    }
  }
  return out;
}

}  // namespace sightline::eval
