// SPDX-License-Identifier: BSD-3-Clause
#include "tests/indexer/test_pictures.h"

#include <cstdio>

#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

void AppendLittleEndian(std::string& out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 255U));
}

}  // namespace

std::string BmpBytes(int width, int height, Rgb colour) {
  constexpr uint32_t kHeaderBytes = 54;
  const uint32_t row_bytes = (static_cast<uint32_t>(width) * 3 + 3) / 4 * 4;
  const uint32_t pixel_bytes = row_bytes * static_cast<uint32_t>(height);
  std::string out = "BM";
  for (const uint32_t value : {kHeaderBytes + pixel_bytes, 0U, kHeaderBytes, 40U}) AppendLittleEndian(out, value, 4);
  AppendLittleEndian(out, static_cast<uint32_t>(width), 4);
  AppendLittleEndian(out, static_cast<uint32_t>(height), 4);
  AppendLittleEndian(out, 1, 2);   // planes
  AppendLittleEndian(out, 24, 2);  // bits per pixel
  for (const uint32_t value : {0U, pixel_bytes, 2835U, 2835U, 0U, 0U}) AppendLittleEndian(out, value, 4);
  std::string row;
  for (int x = 0; x < width; ++x) {
    for (const uint8_t channel : {colour.b, colour.g, colour.r}) row.push_back(static_cast<char>(channel));
  }
  row.resize(row_bytes, '\0');
  for (int y = 0; y < height; ++y) out += row;
  return out;
}

void WriteBmp(const std::filesystem::path& path, Rgb colour) { WriteTestFile(path, BmpBytes(6, 5, colour)); }

Rgb ColourNumber(uint32_t number) {
  const uint32_t mixed = (number * 2'654'435'761U) & 0xFFFFFFU;  // odd factor: one to one modulo 2^24
  return {static_cast<uint8_t>(mixed >> 16), static_cast<uint8_t>(mixed >> 8), static_cast<uint8_t>(mixed)};
}

std::string NumberedName(const std::string& name, uint32_t number) {
  char text[16];
  std::snprintf(text, sizeof(text), "-%04u.bmp", number);
  return name + text;
}

void WriteManyBmps(const std::filesystem::path& folder, const std::string& name, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) WriteBmp(folder / NumberedName(name, i), ColourNumber(i));
}

}  // namespace sightline::testing
