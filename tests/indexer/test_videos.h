// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/indexer/test_pictures.h"

namespace sightline::testing {

inline constexpr int kTestFps = 4;

/// Seconds of one colour.
struct TestScene {
  Rgb colour;
  int seconds = 0;
};

/// The bytes of an AVI file with uncompressed frames of 16 x 12 pixels, kTestFps of them per second.
std::string AviBytes(const std::vector<TestScene>& scenes);
void WriteAvi(const std::filesystem::path& path, const std::vector<TestScene>& scenes);

/// Scenes of one second, all of about the same brightness, so that there is no scene cut, but of different hues.
std::vector<TestScene> Hues(int seconds);

}  // namespace sightline::testing
