// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "app/environment.h"
#include "app/exit_code.h"
#include "app/streams.h"
#include "base/result.h"

namespace sightline::app {

/// The flags that stand before every subcommand.
struct GlobalOptions {
  std::string data_dir;         ///< Empty: from the environment.
  int threads = 0;              ///< 0: one per core.
  uint64_t min_free_mb = 256;   ///< What bulk jobs leave free on the disk, in millions of bytes.
  size_t patch_cache_mb = 256;  ///< Patches that searches keep in memory, in millions of bytes.

  uint64_t min_free_bytes() const { return min_free_mb * 1'000'000; }
  size_t patch_cache_bytes() const { return patch_cache_mb * 1'000'000; }
};

/// One run of a command: who gave it, the global flags, and the subcommand that parsing chose. Commands use its streams
/// and variables and not the process's own, because they also run inside a server.
struct Session {
  GlobalOptions globals;
  Streams io;
  Environment environment;
  /// When the command shall stop. Without a stop state (a process of its own): when a signal comes, see
  /// InterruptHandler.
  std::stop_token stop;
  std::function<Result<ExitCode>()> run;
};

}  // namespace sightline::app
