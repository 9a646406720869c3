// SPDX-License-Identifier: BSD-3-Clause
#include "tests/app/program.h"

#include <stdlib.h>
#include <sys/wait.h>

#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sightline::app {
namespace {

/// The disk of whoever runs the tests may be as full as it likes: programs that tests start leave nothing free unless
/// they are told to.
class OnAnyDisk : public ::testing::Environment {
 public:
  void SetUp() override { ASSERT_EQ(::setenv("SIGHTLINE_DATA_MIN_FREE_MB", "0", 1), 0); }
};

[[maybe_unused]] const auto* const kOnAnyDisk = ::testing::AddGlobalTestEnvironment(new OnAnyDisk);

void AppendQuoted(const std::string& argument, std::string& command) {
  command += " '";
  for (const char c : argument) {
    if (c == '\'') {
      command += "'\\''";
    } else {
      command += c;
    }
  }
  command += '\'';
}

}  // namespace

RunResult RunProgram(const std::vector<std::string>& arguments, const RunOptions& options) {
  const testing::TempDir folder;
  testing::WriteTestFile(folder / "in", options.input);
  std::string command = options.setup.empty() ? "env" : options.setup + " && env";
  for (const std::string& variable : options.variables) AppendQuoted(variable, command);
  AppendQuoted(SIGHTLINE_BINARY, command);
  for (const std::string& argument : arguments) AppendQuoted(argument, command);
  command += " <";
  AppendQuoted(folder / "in", command);
  command += " >";
  AppendQuoted(folder / "out", command);
  command += " 2>";
  AppendQuoted(folder / "err", command);
  const int status = std::system(command.c_str());
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
          .out = testing::ReadTestFile(folder / "out"),
          .err = testing::ReadTestFile(folder / "err")};
}

}  // namespace sightline::app
