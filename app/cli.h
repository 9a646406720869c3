// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "app/session.h"

namespace sightline::app {

/// The whole program behind main: parses, runs the subcommand, prints an error as one line on stderr. Returns the exit
/// code (app/exit_code.h).
int RunSightline(int argc, const char* const* argv);

/// As RunSightline, in a session whose streams, variables and stop token are set; argv[0] is skipped. May run in
/// several threads at once, each with a session of its own.
int RunCommandLine(int argc, const char* const* argv, Session& session);

}  // namespace sightline::app
