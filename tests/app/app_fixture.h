// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "storage/collection.h"
#include "tests/app/program.h"
#include "tests/support/test_support.h"

namespace sightline::app {

/// A data folder with the collection `photos`: eight sample photos, indexed once per suite by the real program.
class AppIntegration : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<testing::TempDir>();
    std::filesystem::create_directories(photos());
    for (int i = 1; i <= 8; ++i) {
      const std::string name = "photo-00" + std::to_string(i) + ".jpg";
      std::filesystem::copy_file(testing::SourceTree("samples/photos") / name, photos() / name);
    }
    first_index_ = Run({"index", "photos", photos()});
    ASSERT_EQ(first_index_.exit_code, 0) << first_index_.err;
  }
  static void TearDownTestSuite() { shared_.reset(); }

  static std::filesystem::path photos() { return *shared_ / "pictures"; }
  static std::filesystem::path data() { return *shared_ / "data"; }
  static std::filesystem::path folder_of(const std::string& name) { return data() / "collections" / name; }

  /// Runs on the suite's data folder.
  static RunResult Run(std::vector<std::string> arguments, const RunOptions& options = {}) {
    arguments.insert(arguments.begin(), {"--data-dir", data()});
    return RunProgram(arguments, options);
  }

  static boost::json::value Json(const RunResult& result) {
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return boost::json::parse(result.out);
  }

  /// One line on stderr that starts with the program's name and contains `part`; nothing on stdout.
  static void ExpectError(const RunResult& result, int exit_code, const std::string& part) {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_EQ(result.err.rfind("sightline: ", 0), 0U) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_NE(result.err.find(part), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "");
  }

  static inline std::unique_ptr<testing::TempDir> shared_;
  static inline RunResult first_index_;
};

}  // namespace sightline::app
