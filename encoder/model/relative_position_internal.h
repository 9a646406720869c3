// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

namespace sightline::encoder {

/// Rows of a relative position bias table for a `grid` x `grid` window: (2 grid - 1)^2 + 3 (x2vlm-spec section 2.4).
int RelativePositionRows(int grid);

/// The table row of every (query, key) pair of a window with a class token at position 0: (T, T) int64 with
/// T = grid^2 + 1 (section 2.4). Checkpoints carry it as a buffer; it is computed here and never read from a file.
at::Tensor RelativePositionIndex(int grid);

/// `table` (rows, heads) looked up for every pair: (1, heads, T, T), added to the attention scores.
at::Tensor RelativePositionBias(const at::Tensor& table, const at::Tensor& index);

}  // namespace sightline::encoder
