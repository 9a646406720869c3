// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/model/relative_position_internal.h"

#include <ATen/ops/empty.h>

namespace sightline::encoder {

int RelativePositionRows(int grid) { return (2 * grid - 1) * (2 * grid - 1) + 3; }

at::Tensor RelativePositionIndex(int grid) {
  const int64_t side = grid;
  const int64_t span = 2 * side - 1;
  const int64_t tokens = side * side + 1;
  const int64_t rows = RelativePositionRows(grid);
  at::Tensor index = at::empty({tokens, tokens}, at::kLong);
  auto at_pair = index.accessor<int64_t, 2>();
  for (int64_t i = 1; i < tokens; ++i) {
    for (int64_t j = 1; j < tokens; ++j) {
      const int64_t row_distance = (i - 1) / side - (j - 1) / side + side - 1;
      const int64_t column_distance = (i - 1) % side - (j - 1) % side + side - 1;
      at_pair[i][j] = row_distance * span + column_distance;
    }
    at_pair[0][i] = rows - 3;
    at_pair[i][0] = rows - 2;
  }
  at_pair[0][0] = rows - 1;
  return index;
}

at::Tensor RelativePositionBias(const at::Tensor& table, const at::Tensor& index) {
  return table.index_select(0, index.flatten())
      .view({index.size(0), index.size(1), table.size(1)})
      .permute({2, 0, 1})
      .unsqueeze(0);
}

}  // namespace sightline::encoder
