// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/calibrate_run.h"
#include "app/commands.h"
#include "app/eval_sets.h"

namespace sightline::app {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  sightline calibrate json set.json --images photos                    fit on the even-numbered pictures, report "
    "on\n"
    "                                                                       the others, write nothing\n"
    "  sightline calibrate json set.json --images photos --out new.json --html new.html\n"
    "  sightline calibrate json set.json --images photos --pictures all --model my-model --write-model\n"
    "  sightline calibrate json set.json --images photos --collection holidays";

struct SetCalibrateFlags {
  SetFlags set;
  CalibrateFlags calibrate;
};

Result<ExitCode> CalibrateOnSet(const Session& session, SetKind kind, SetCalibrateFlags& flags) {
  flags.calibrate.set = flags.set.file;
  flags.calibrate.folder = flags.set.folder;
  SL_ASSIGN_OR_RETURN(const eval::RetrievalSet set, ReadSet(kind, flags.set));
  return RunCalibrate(session, flags.calibrate, set);
}

void AddTargets(CLI::App& command, CalibrateFlags& flags) {
  command.add_option("--out", flags.out, "Write the calibration to this file");
  command.add_flag("--write-model", flags.write_model, "Write it into the model's directory, in place of the old one");
  command.add_option("--collection", flags.collection, "Store it in this collection, whose searches then use it");
  command.add_option("--name", flags.name, "What calibration.json says that it was fitted on (default: file, counts)");
  command.add_option("--html", flags.html, "Also write a page with the reliability diagram to this file");
  command.add_flag("--json", flags.json, "Print one JSON object");
}

void AddMeasuring(CLI::App& command, CalibrateFlags& flags) {
  command
      .add_option("--pictures", flags.pictures,
                  "Which to fit on, by their place in the set: even or odd (the others are reported on), or all "
                  "(the report is cross-validated)")
      ->check(CLI::IsMember({"even", "odd", "all"}))
      ->capture_default_str();
  command.add_option("--depth", flags.depth, "Candidates of a query")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--frames", flags.frames, "Frames of a video (default: the model's)")->check(CLI::Range(1, 64));
  command.add_option("--folder", flags.keep, "Keep the indexed pictures here for the next run");
  command.add_option("--model", flags.model.model, "Model directory (default: sightline-small)");
  command.add_option("--precision", flags.model.precision, "fp32 or bf16")->check(CLI::IsMember({"fp32", "bf16"}));
}

void AddSet(CLI::App& calibrate, const SetKindInfo& info, Session& session) {
  auto flags = std::make_shared<SetCalibrateFlags>();
  CLI::App* command = calibrate.add_subcommand(info.name, fmt::format("Calibrate on {}", info.form));
  AddSetOptions(*command, info.kind, flags->set);
  AddMeasuring(*command, flags->calibrate);
  AddTargets(*command, flags->calibrate);
  command->callback([flags, &session, kind = info.kind] {
    const std::string& collection = flags->calibrate.collection;
    if (!collection.empty()) session.collections = std::vector{collection};
    session.run = [flags, &session, kind] { return CalibrateOnSet(session, kind, *flags); };
  });
}

}  // namespace

void AddCalibrateCommand(CLI::App& app, Session& session) {
  CLI::App* calibrate = app.add_subcommand("calibrate", "Fit the match probability, and say how honest it is");
  calibrate->require_subcommand(1);
  calibrate->footer(kExamples);
  for (const SetKindInfo& info : SetKinds()) AddSet(*calibrate, info, session);
}

}  // namespace sightline::app
