// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include "app/session.h"

namespace sightline::app {

/// Has a parsed command run by the server that has the data folder or one of the command's collections, which it says
/// in a lock record (storage/lock_file.h). The command writes to this process's streams; SIGINT and SIGTERM are passed
/// on as a request to stop, and a second one ends this process at once, which stops the command as well.
/// @return the command's exit code; nullopt when there is no such server, or the command works on no collection.
/// Errors: kFailedPrecondition (the server refuses it: another program version), kUnavailable (the server went away).
Result<std::optional<ExitCode>> RunInServer(const Session& session, int argc, const char* const* argv);

}  // namespace sightline::app
