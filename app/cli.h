// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace sightline::app {

/// The whole program behind main: parses, runs the subcommand, prints an error as one line on stderr. Returns the exit
/// code (app/exit_code.h).
int RunSightline(int argc, char** argv);

}  // namespace sightline::app
