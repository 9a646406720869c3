// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/commands.h"
#include "app/open.h"
#include "app/text.h"
#include "encoder/files/import.h"

namespace sightline::app {
namespace {

struct ImportFlags {
  std::string checkpoint;
  std::string folder;
  std::string preset;  // Empty: by the width of the weights.
  std::string dims;
  std::string tokenizer;  // Empty: the default model's vocabulary.
  std::optional<int> image_res;
  std::optional<int> frames;
  std::string name;
  bool json = false;
};

// The published models read the vocabulary of bert-base-uncased, which the small model has as well.
Result<std::string> TokenizerOf(const Session& session, const ImportFlags& flags) {
  if (!flags.tokenizer.empty()) return flags.tokenizer;
  SL_ASSIGN_OR_RETURN(const auto folder, ModelDirOf(session, {}));
  return (folder / "vocab.txt").string();
}

Result<encoder::ImportOptions> OptionsOf(const Session& session, const ImportFlags& flags) {
  encoder::ImportOptions options;
  if (flags.preset == "base") options.preset = encoder::ModelSize::kBase;
  if (flags.preset == "large") options.preset = encoder::ModelSize::kLarge;
  options.dims_file = flags.dims;
  SL_ASSIGN_OR_RETURN(options.tokenizer_file, TokenizerOf(session, flags));
  options.image_res = flags.image_res;
  options.frame_len = flags.frames;
  options.name = flags.name;
  return options;
}

void PrintReport(std::FILE* out, const ImportFlags& flags, const encoder::ImportReport& report) {
  if (flags.json) {
    const boost::json::object object = {{"name", ValidUtf8(report.config.name)},
                                        {"folder", ValidUtf8(flags.folder)},
                                        {"fingerprint", report.fingerprint},
                                        {"weights", report.weights_written},
                                        {"parameters", report.parameters},
                                        {"image_res", report.config.vision.image_res},
                                        {"checkpoint_image_res", report.checkpoint_image_res},
                                        {"frame_len", report.config.frame_len},
                                        {"add_frame_pos", report.config.add_frame_pos},
                                        {"frame_positions_copied", report.frames_copied},
                                        {"ignored", report.ignored.size()}};
    fmt::print(out, "{}\n", boost::json::serialize(object));
    return;
  }
  fmt::print(out, "model {} in {}: {} weights, {} parameters, {} px, fingerprint {:.12}\n", OneLine(report.config.name),
             OneLine(flags.folder), report.weights_written, report.parameters, report.config.vision.image_res,
             report.fingerprint);
  if (!report.interpolated.empty()) {
    fmt::print(out, "{} position tables fitted from {} px\n", report.interpolated.size(), report.checkpoint_image_res);
  }
  if (report.config.add_frame_pos && report.frames_copied < report.config.frame_len) {
    fmt::print(
        out, "{} of {} frame positions are the checkpoint's; the others are 0: fine-tune, or import with --frames {}\n",
        report.frames_copied, report.config.frame_len, report.frames_copied);
  }
  for (const std::string& name : report.ignored) fmt::print(out, "not needed: {}\n", OneLine(name));
}

Result<ExitCode> RunImport(const Session& session, const ImportFlags& flags) {
  SL_ASSIGN_OR_RETURN(const encoder::ImportOptions options, OptionsOf(session, flags));
  auto report = encoder::ImportCheckpoint(flags.checkpoint, flags.folder, options);
  if (!report) {
    // A folder in the way is the command line's fault, everything else is in the files.
    if (report.error().code == ErrorCode::kAlreadyExists) return tl::unexpected<Error>(std::move(report).error());
    return InputError(std::move(report).error());
  }
  PrintReport(session.io.out, flags, *report);
  return ExitCode::kOk;
}

}  // namespace

void AddModelImportCommand(CLI::App& model, Session& session) {
  auto flags = std::make_shared<ImportFlags>();
  CLI::App* command = model.add_subcommand("import", "Make a model directory of a published .th checkpoint");
  command->add_option("checkpoint", flags->checkpoint, "The .th file")->required();
  command->add_option("folder", flags->folder, "The model directory to make")->required();
  CLI::Option* preset = command->add_option("--preset", flags->preset, "Sizes of a published model: base or large");
  preset->check(CLI::IsMember({"base", "large"}));
  command->add_option("--dims", flags->dims, "Sizes of another model, as JSON")->excludes(preset);
  command->add_option("--tokenizer", flags->tokenizer, "Its vocab.txt (default: that of bert-base-uncased)");
  command->add_option("--image-res", flags->image_res, "Pixels per side, when not the checkpoint's");
  command->add_option("--frames", flags->frames, "Frames per clip, when not the checkpoint's")
      ->check(CLI::Range(1, 1024));
  command->add_option("--name", flags->name, "Its name (default: the file's)");
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->callback([flags, &session] { session.run = [flags, &session] { return RunImport(session, *flags); }; });
}

}  // namespace sightline::app
