// SPDX-License-Identifier: BSD-3-Clause
#include "app/path_list.h"

#include <array>
#include <string>

namespace sightline::app {
namespace {

constexpr size_t kMaxPathBytes = 64 * 1024;

}  // namespace

Result<std::vector<std::filesystem::path>> ReadPathList(std::FILE* in, char separator) {
  std::vector<std::filesystem::path> paths;
  std::string current;
  std::array<char, 64 * 1024> buffer;
  size_t size = 0;
  while ((size = std::fread(buffer.data(), 1, buffer.size(), in)) > 0) {
    for (size_t i = 0; i < size; ++i) {
      if (buffer[i] != separator) {
        current.push_back(buffer[i]);
        continue;
      }
      if (!current.empty()) paths.emplace_back(current);
      current.clear();
    }
    if (current.size() > kMaxPathBytes) {
      return Fail(ErrorCode::kResourceExhausted, "a path on standard input is longer than 64 KiB");
    }
  }
  if (std::ferror(in) != 0) return Fail(ErrorCode::kUnavailable, "cannot read the path list on standard input");
  if (!current.empty()) paths.emplace_back(current);
  return paths;
}

}  // namespace sightline::app
