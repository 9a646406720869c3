// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/test_support.h"

namespace sightline::app {

/// What a finished run of the program left.
struct RunResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

struct RunOptions {
  std::string input = {};                   ///< Standard input.
  std::vector<std::string> variables = {};  ///< "NAME=value", added to the environment.
  std::string setup = {};                   ///< A shell command that goes before, as "ulimit -n 40".
};

/// Runs the real `sightline` to its end.
RunResult RunProgram(const std::vector<std::string>& arguments, const RunOptions& options = {});

}  // namespace sightline::app
