// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace sightline::app {

/// Below this a hit is more likely no match than one.
inline constexpr double kWeakBelow = 0.5;
inline constexpr double kStrongFrom = 0.8;

/// A match probability as a person reads it: "strong", "likely" or "weak".
constexpr std::string_view MatchWord(double probability) {
  if (probability < kWeakBelow) return "weak";
  return probability < kStrongFrom ? "likely" : "strong";
}

}  // namespace sightline::app
