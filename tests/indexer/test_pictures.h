// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace sightline::testing {

struct Rgb {
  uint8_t r = 0;
  uint8_t g = 0;
  uint8_t b = 0;
};

/// The bytes of a 24-bit BMP of one colour.
std::string BmpBytes(int width, int height, Rgb colour);

/// Writes such a picture, 6 x 5 pixels.
void WriteBmp(const std::filesystem::path& path, Rgb colour);

/// A different colour for each number below 2^24, and neighbours look different.
Rgb ColourNumber(uint32_t number);

/// NAME-0042.bmp for 42.
std::string NumberedName(const std::string& name, uint32_t number);

/// `count` pictures of different colours, NAME-0000.bmp and so on.
void WriteManyBmps(const std::filesystem::path& folder, const std::string& name, uint32_t count);

}  // namespace sightline::testing
