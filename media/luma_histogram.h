// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sightline::media {

inline constexpr size_t kLumaBins = 64;

/// How many of a frame's sampled pixels have which brightness: bin i counts the full-range luma values 4i to 4i + 3.
/// Frames may be sampled as densely or thinly as is cheap; only the shares of the bins matter.
using LumaHistogram = std::array<uint32_t, kLumaBins>;

}  // namespace sightline::media
