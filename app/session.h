// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "app/exit_code.h"
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

/// One run of the program: the global flags, and the subcommand that parsing chose.
struct Session {
  GlobalOptions globals;
  std::function<Result<ExitCode>()> run;
};

}  // namespace sightline::app
