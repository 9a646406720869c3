// SPDX-License-Identifier: BSD-3-Clause
#include "storage/row_table.h"

#include <algorithm>

namespace sightline::storage {

void RowChunk::Write(size_t index, std::span<const float> values, const RowInfo& info) {
  std::copy(values.begin(), values.end(), values_.get() + index * dim_);
  info_[index] = info;
}

size_t RowTable::RowsPerChunk(size_t dim) { return std::clamp<size_t>((1 << 20) / (dim * sizeof(float)), 16, 4096); }

}  // namespace sightline::storage
