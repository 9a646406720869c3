// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/environment.h"
#include "app/exit_code.h"
#include "app/streams.h"
#include "base/result.h"

namespace sightline::http {
class Host;
class MediaStore;
}  // namespace sightline::http

namespace sightline::app {

/// The flags that stand before every subcommand.
struct GlobalOptions {
  std::string config_file;      ///< Empty: from the environment.
  std::string data_dir;         ///< Empty: from the environment.
  int threads = 0;              ///< 0: one per core.
  uint64_t min_free_mb = 256;   ///< What bulk jobs leave free on the disk, in millions of bytes.
  size_t patch_cache_mb = 256;  ///< Patches that all searches keep in memory, in millions of bytes.

  uint64_t min_free_bytes() const { return min_free_mb * 1'000'000; }
  size_t patch_cache_bytes() const { return patch_cache_mb * 1'000'000; }
};

/// What a server that runs a command holds already.
struct Hosting {
  http::Host* host = nullptr;
  http::MediaStore* media = nullptr;
  std::filesystem::path model_dir;  ///< Of the host's encoder; empty without one.
  std::string precision;            ///< As --precision has it.
  int threads = 1;                  ///< Of the server; none of its commands uses more.
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
  Config config;                             ///< With the flags of this run.
  std::function<void(Config&)> put_flags{};  ///< Puts the command's own flags into the config; may be empty.
  std::function<Result<ExitCode>()> run;
  /// Collections of the data folder that the command works on; empty: all of them. Absent: it has nothing to do with
  /// the data folder. A command with collections runs in the server that has the data folder, when there is one.
  std::optional<std::vector<std::string>> collections;
  const Hosting* hosting = nullptr;  ///< Of the server that runs the command; null in a process of its own.
};

}  // namespace sightline::app
