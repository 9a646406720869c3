// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/result.h"

namespace sightline {

/// How GoogleTest prints an error.
inline void PrintTo(const Error& error, std::ostream* out) { *out << NameOf(error.code) << ": " << error.message; }

namespace testing {

/// Matches a Result or Status that holds success: `EXPECT_THAT(Open(), IsOk())`.
MATCHER(IsOk, "is success") {
  if (!arg) *result_listener << "which is " << NameOf(arg.error().code) << ": " << arg.error().message;
  return static_cast<bool>(arg);
}

/// Matches a Result or Status that failed with `code`.
MATCHER_P(IsError, code, "fails with " + std::string(NameOf(code))) {
  if (arg) {
    *result_listener << "which is success";
    return false;
  }
  *result_listener << "which is " << NameOf(arg.error().code) << ": " << arg.error().message;
  return arg.error().code == code;
}

/// As IsError, and the message contains `part`.
MATCHER_P2(IsErrorWith, code, part, "fails with " + std::string(NameOf(code)) + " and \"" + part + "\"") {
  if (arg) {
    *result_listener << "which is success";
    return false;
  }
  *result_listener << "which is " << NameOf(arg.error().code) << ": " << arg.error().message;
  return arg.error().code == code && arg.error().message.find(part) != std::string::npos;
}

/// A fresh folder that is removed with everything in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// tests/data/NAME of the source tree.
std::filesystem::path TestData(std::string_view name);
/// A path in the source tree: models, samples.
std::filesystem::path SourceTree(std::string_view name);

/// Writes a file for a test, making its folder; fails the test when it cannot.
void WriteTestFile(const std::filesystem::path& path, std::string_view content);
/// The whole file; fails the test when it cannot be read.
std::string ReadTestFile(const std::filesystem::path& path);

}  // namespace testing
}  // namespace sightline
