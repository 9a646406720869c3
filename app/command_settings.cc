// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/open.h"
#include "app/settings_change.h"
#include "app/settings_output.h"

namespace sightline::app {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  sightline settings holidays                               (shows them)\n"
    "  sightline settings holidays --rerank-depth 128 --stop-margin 2.5\n"
    "  sightline settings holidays --calibration new.json        (sightline calibrate ... --out new.json)\n"
    "  sightline settings holidays --reset calibration           (the model's again)\n"
    "  sightline settings holidays --reset all";

struct SettingsFlags {
  std::string collection;
  std::optional<uint32_t> rerank_depth;
  std::optional<double> stop_margin;
  std::optional<std::string> calibration;  // A file.
  std::vector<std::string> reset;
  bool json = false;
};

Result<SettingsChange> ChangeFrom(const SettingsFlags& flags) {
  SettingsChange change{.rerank_depth = flags.rerank_depth, .stop_margin = flags.stop_margin};
  SL_ASSIGN_OR_RETURN(change.reset, ResetFrom(flags.reset));
  if (flags.calibration) {
    auto text = ReadCalibrationFile(*flags.calibration);
    if (!text) return InputError(std::move(text).error());
    change.calibration = *std::move(text);
  }
  return change;
}

Result<ExitCode> RunSettings(const Session& session, const SettingsFlags& flags) {
  SL_ASSIGN_OR_RETURN(const SettingsChange change, ChangeFrom(flags));
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  SL_RETURN_IF_ERROR(Store(change, flags.collection, *collection));
  const SearchSettings now = SearchSettingsOf(*collection);
  const bool has_model = !collection->config().model_fingerprint.empty();
  fmt::print(session.io.out, "{}",
             flags.json ? SettingsJson(flags.collection, now) : SettingsTable(flags.collection, now, has_model));
  return ExitCode::kOk;
}

}  // namespace

void AddSettingsCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<SettingsFlags>();
  CLI::App* command =
      app.add_subcommand("settings", "How a collection is searched where a search does not say: show, set, take back");
  command->add_option("collection", flags->collection, "Its name")->required();
  command
      ->add_option("--rerank-depth", flags->rerank_depth,
                   "Candidates that words are read against; 0: none (of the program: 64)")
      ->check(CLI::Range(0, 1024));
  command->add_option("--stop-margin", flags->stop_margin,
                      "Match logit that nothing further down is expected to exceed: searches stop reading there");
  command->add_option("--calibration", flags->calibration,
                      "A calibration.json that goes before the model's: a file, which is copied");
  command
      ->add_option("--reset", flags->reset,
                   "Take back, before anything is set: rerank-depth, stop-margin, calibration, index (what tune chose "
                   "for it) or all; several with commas or repeated")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"rerank-depth", "stop-margin", "calibration", "index", "all"}));
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->footer(kExamples);
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunSettings(session, *flags); };
  });
}

}  // namespace sightline::app
