// SPDX-License-Identifier: BSD-3-Clause
#include "tests/indexer/test_videos.h"

#include <initializer_list>
#include <string_view>

#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

constexpr uint32_t kWidth = 16;
constexpr uint32_t kHeight = 12;
constexpr uint32_t kFrameBytes = kWidth * kHeight * 3;
constexpr uint32_t kHasIndex = 0x10;
constexpr uint32_t kIsKeyFrame = 0x10;

std::string Numbers(std::initializer_list<uint32_t> values) {
  std::string out;
  for (const uint32_t value : values) {
    for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>((value >> shift) & 255U));
  }
  return out;
}

std::string Chunk(std::string_view name, std::string_view content) {
  std::string out(name);
  out += Numbers({static_cast<uint32_t>(content.size())});
  out += content;
  return out;
}

std::string List(std::string_view kind, std::string_view content) {
  std::string inner(kind);
  inner += content;
  return Chunk("LIST", inner);
}

std::string Frame(Rgb colour) {
  std::string out;
  for (uint32_t i = 0; i < kWidth * kHeight; ++i) {
    for (const uint8_t channel : {colour.b, colour.g, colour.r}) out.push_back(static_cast<char>(channel));
  }
  return out;
}

}  // namespace

std::string AviBytes(const std::vector<TestScene>& scenes) {
  std::string frames;
  std::string index;
  uint32_t count = 0;
  for (const TestScene& scene : scenes) {
    for (int i = 0; i < scene.seconds * kTestFps; ++i, ++count) {
      index += "00db" + Numbers({kIsKeyFrame, static_cast<uint32_t>(frames.size()) + 4, kFrameBytes});
      frames += Chunk("00db", Frame(scene.colour));
    }
  }
  const std::string main_header = Numbers({1'000'000 / kTestFps, kFrameBytes * kTestFps, 0, kHasIndex, count, 0, 1,
                                           kFrameBytes, kWidth, kHeight, 0, 0, 0, 0});
  std::string stream_header = "vids" + Numbers({0, 0, 0, 0, 1, kTestFps, 0, count, kFrameBytes, 0xFFFFFFFF, 0, 0});
  stream_header += Numbers({0, kWidth | kHeight << 16});
  stream_header.resize(56);
  const std::string format = Numbers({40, kWidth, kHeight, 1 | 24U << 16, 0, kFrameBytes, 0, 0, 0, 0});
  const std::string stream = List("strl", Chunk("strh", stream_header) + Chunk("strf", format));
  const std::string header = List("hdrl", Chunk("avih", main_header) + stream);
  return Chunk("RIFF", "AVI " + header + List("movi", frames) + Chunk("idx1", index));
}

void WriteAvi(const std::filesystem::path& path, const std::vector<TestScene>& scenes) {
  WriteTestFile(path, AviBytes(scenes));
}

std::vector<TestScene> Hues(int seconds) {
  std::vector<TestScene> scenes;
  for (int i = 0; i < seconds; ++i) {
    const int red = i * 37 % 100;
    const int blue = i * 53 % 200;
    const int green = (60'000 - 299 * red - 114 * blue) / 587;  // luma 60, within 12..102
    scenes.push_back({{static_cast<uint8_t>(red), static_cast<uint8_t>(green), static_cast<uint8_t>(blue)}, 1});
  }
  return scenes;
}

}  // namespace sightline::testing
