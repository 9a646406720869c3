// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sightline {

/// A decoded picture: 8-bit RGB, row-major HWC, no padding between rows.
struct ImageRgb8 {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> pixels;  ///< height * width * 3 bytes.

  bool empty() const { return pixels.empty(); }
};

/// `embed_dim` floats of unit L2 norm.
using Embedding = std::vector<float>;

/// A half-open window [start, end) of a video.
struct TimeRange {
  int64_t start_us = 0;
  int64_t end_us = 0;

  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

/// What kind of thing a unit embeds. The values are stored on disk: never renumber.
enum class UnitType : uint8_t { kImage = 1, kClip = 2, kText = 3 };

/// "image", "clip", "text".
std::string_view NameOf(UnitType type);
/// The inverse of NameOf; nothing for any other word.
std::optional<UnitType> UnitTypeFromName(std::string_view name);

}  // namespace sightline
