// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include "base/result.h"

namespace sightline::encoder {

/// Rows of a relative position bias table for a grid x grid patch window: (2 grid - 1)^2 + 3 (x2vlm-spec section 2.4).
constexpr int BiasTableRows(int grid) { return (2 * grid - 1) * (2 * grid - 1) + 3; }

/// Fits a relative position bias table to another resolution as x2vlm-spec section 2.7 says: source positions on a
/// geometric grid, a bicubic not-a-knot spline in fp64 evaluated at clamped positions, the last three rows kept.
/// @param table  BiasTableRows(grid_src) x heads floats, row-major.
/// @return BiasTableRows(grid_dst) x heads floats; a copy when the grids are equal.
/// Errors: kInvalidArgument (wrong size of `table`, heads or a grid below 1, a source grid below 3 patches, which has
/// too few points for a cubic spline). Pure; a few milliseconds per table.
Result<std::vector<float>> InterpolateBiasTable(std::span<const float> table, int heads, int grid_src, int grid_dst);

/// The non-negative source coordinates 0, c_1 .. c_n of that grid, n = grid_src - 1: c_{k+1} - c_k = q^k, with q chosen
/// so that c_n comes close to grid_dst - 1. Both grids are at least 1.
std::vector<double> BiasSourceCoordinates(int grid_src, int grid_dst);

}  // namespace sightline::encoder
