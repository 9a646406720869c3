// SPDX-License-Identifier: BSD-3-Clause
#include "app/cli.h"

#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/command_client.h"
#include "app/commands.h"
#include "app/data_dir.h"
#include "app/model_location.h"
#include "app/text.h"
#include "app/thread_budget.h"
#include "app/version.h"
#include "base/guard.h"

namespace sightline::app {
namespace {

constexpr const char* kFooter =
    "Collections live in --data-dir, else $SIGHTLINE_DATA, else $XDG_DATA_HOME/sightline, else "
    "~/.local/share/sightline.\n"
    "Exit codes: 0 ok, 1 no result, 2 usage, 3 input data, 4 environment.";

struct EarlyAnswers {
  bool version = false;
  bool print_config = false;
};

void AddCommands(CLI::App& app, Session& session, EarlyAnswers& early) {
  app.add_option("--data-dir", session.globals.data_dir, "Folder of the collections");
  app.add_option("--config", session.globals.config_file, "TOML file of settings (default: $SIGHTLINE_CONFIG)");
  app.add_option("--threads", session.globals.threads, "Threads for everything together (default: the cores)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--min-free", session.globals.min_free_mb,
                 "MB that index, import and merge leave free on the disk: they stop before it is full")
      ->check(CLI::Range(0, 1'000'000'000))
      ->capture_default_str();
  app.add_option("--patch-cache", session.globals.patch_cache_mb,
                 "MB of patches that searches keep in memory, of all collections together; 0: none")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  app.add_flag("--version", early.version, "Print version, commit, LibTorch version and device");
  app.add_flag("--print-config", early.print_config, "Print the settings in effect");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.footer(kFooter);
  AddIndexCommand(app, session);
  AddSearchCommand(app, session);
  AddServeCommand(app, session);
  AddStatusCommand(app, session);
  AddListCommand(app, session);
  AddRemoveCommand(app, session);
  AddVerifyCommand(app, session);
  AddRepairCommand(app, session);
  AddModelCommand(app, session);
  AddEvalCommand(app, session);
  AddCalibrateCommand(app, session);
  AddTuneCommand(app, session);
  AddSettingsCommand(app, session);
  AddImportCommand(app, session);
  AddExportCommand(app, session);
  AddMergeCommand(app, session);
  AddSnapshotCommand(app, session);
  AddRestoreCommand(app, session);
  AddFrameCommand(app, session);
  AddKeyCommand(app, session);
}

// File and variables, under the flags.
Status Configure(const CLI::App& app, Session& session) {
  GlobalOptions& globals = session.globals;
  SL_ASSIGN_OR_RETURN(session.config, LoadConfig(globals.config_file, session.environment));
  const auto settle = [&app](const char* flag, auto& given, auto& configured) {
    if (app.count(flag) == 0) given = static_cast<std::decay_t<decltype(given)>>(configured);
    configured = static_cast<std::decay_t<decltype(configured)>>(given);
  };
  Config::Data& data = session.config.data;
  settle("--data-dir", globals.data_dir, data.dir);
  settle("--threads", globals.threads, data.threads);
  settle("--min-free", globals.min_free_mb, data.min_free_mb);
  settle("--patch-cache", globals.patch_cache_mb, data.patch_cache_mb);
  if (session.put_flags) session.put_flags(session.config);
  return {};
}

Result<ExitCode> PrintConfig(const Session& session) {
  Config config = session.config;
  SL_ASSIGN_OR_RETURN(const auto data_dir, ResolveDataDir(config.data.dir, session.environment));
  config.data.dir = data_dir.string();
  if (const auto model = FindModelDir(config.data.model)) config.data.model = model->string();
  config.data.threads = MakeThreadBudget(session.globals.threads, 0).total;
  fmt::print(session.io.out, "{}", ConfigToml(std::move(config)));
  return ExitCode::kOk;
}

// Nothing when parsing already ended the program: the exit code is in `exit_code`.
std::optional<EarlyAnswers> Parse(int argc, const char* const* argv, CLI::App& app, Session& session, int& exit_code) {
  EarlyAnswers early;
  AddCommands(app, session, early);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = static_cast<int>(ExitCode::kOk);
    if (error.get_exit_code() == 0) {
      std::ostringstream help;
      app.exit(error, help, help);
      fmt::print(session.io.out, "{}", help.str());
      return std::nullopt;
    }
    fmt::print(session.io.err, "sightline: {} (sightline --help lists the commands)\n", OneLine(error.what()));
    exit_code = static_cast<int>(ExitCode::kUsage);
    return std::nullopt;
  }
  return early;
}

Result<ExitCode> Run(const CLI::App& app, Session& session, const EarlyAnswers& early, int argc,
                     const char* const* argv) {
  if (early.version) {
    fmt::print(session.io.out, "{}\n", VersionText());
    return ExitCode::kOk;
  }
  SL_RETURN_IF_ERROR(Configure(app, session));
  if (early.print_config) return PrintConfig(session);
  if (!session.run) {
    fmt::print(session.io.err, "{}", app.help());
    return ExitCode::kUsage;
  }
  if (session.hosting != nullptr) {
    session.globals.threads = ThreadsWithin(session.globals.threads, session.hosting->threads);
    // For what the command computes in this thread; what it starts, it tells itself.
    ApplyToOpenMp(MakeThreadBudget(session.globals.threads, 0));
  } else {
    SL_ASSIGN_OR_RETURN(const std::optional<ExitCode> code, RunInServer(session, argc, argv));
    if (code) return *code;
  }
  return Guard("run the command", session.run);
}

ExitCode Report(const Streams& io, Result<ExitCode> result) {
  if (ReaderIsGone(io.out)) return ExitCode::kBrokenPipe;
  if (!result) {
    fmt::print(io.err, "sightline: {}\n", OneLine(result.error().message));
    return ExitCodeFor(result.error().code);
  }
  if (std::fflush(io.out) != 0 || std::ferror(io.out) != 0) {
    fmt::print(io.err, "sightline: cannot write the results to standard output\n");
    return ExitCode::kEnvironment;
  }
  return *result;
}

}  // namespace

int RunSightline(int argc, const char* const* argv) {
  Session session;
  return RunCommandLine(argc, argv, session);
}

int RunCommandLine(int argc, const char* const* argv, Session& session) {
  CLI::App app("Sightline finds pictures by words.", "sightline");
  int exit_code = 0;
  const std::optional<EarlyAnswers> early = Parse(argc, argv, app, session, exit_code);
  if (!early) return exit_code;
  return static_cast<int>(Report(session.io, Run(app, session, *early, argc, argv)));
}

}  // namespace sightline::app
