// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <utility>

#include "base/result.h"

namespace sightline::app {

/// What the process returns (docs/ARCHITECTURE.md, section 7).
enum class ExitCode : int {
  kOk = 0,
  kNoResult = 1,       ///< Everything worked, and there was nothing to show.
  kUsage = 2,          ///< The command line is wrong.
  kInput = 3,          ///< A given file or stored data is wrong.
  kEnvironment = 4,    ///< Disk, permission, lock, model and collection that do not fit, a bug.
  kBrokenPipe = 141,   ///< Nobody reads the results any more; as shells report SIGPIPE. Only of a server's commands.
  kInterrupted = 130,  ///< Stopped by the user before the end; as shells report SIGINT.
};

/// The exit code for an error that ends a command.
ExitCode ExitCodeFor(ErrorCode code);

/// Says that a failure is about the content of something that the user gave, whatever went wrong with it: exit code 3.
inline tl::unexpected<Error> InputError(Error error) {
  const bool environment = error.code == ErrorCode::kResourceExhausted || error.code == ErrorCode::kCancelled;
  if (!environment) error.code = ErrorCode::kCorruption;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace sightline::app
