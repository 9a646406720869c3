// SPDX-License-Identifier: BSD-3-Clause
#include "tests/app/program.h"

#include <sys/wait.h>

#include <cstdlib>

#include <fmt/format.h>

namespace sightline::app {
namespace {

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
