// SPDX-License-Identifier: BSD-3-Clause
#include "tests/support/test_support.h"

#include <stdlib.h>

#include <fstream>
#include <iterator>

#include "base/check.h"

namespace sightline::testing {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "sightline-test-XXXXXX").string();
  SL_CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TestData(std::string_view name) {
  return std::filesystem::path(SIGHTLINE_SOURCE_DIR) / "tests/data" / name;
}

std::filesystem::path SourceTree(std::string_view name) { return std::filesystem::path(SIGHTLINE_SOURCE_DIR) / name; }

void WriteTestFile(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  ASSERT_TRUE(out) << "cannot write " << path;
}

std::string ReadTestFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << "cannot read " << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace sightline::testing
