// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/commands.h"
#include "app/open.h"
#include "app/text.h"
#include "encoder/encoder.h"

namespace sightline::app {
namespace {

struct InfoFlags {
  ModelOptions model;
  bool json = false;
};

std::string CalibrationText(const encoder::Calibration& calibration) {
  if (calibration.fitted_on.empty()) return "not fitted";
  return fmt::format("{}, coarse weight {}, fitted on {}",
                     calibration.method == encoder::Calibration::Method::kPlatt ? "platt" : "isotonic",
                     calibration.coarse_weight, OneLine(calibration.fitted_on));
}

void PrintInfo(std::FILE* out, const std::string& folder, const encoder::EncoderInfo& info) {
  const encoder::ModelConfig& config = info.config;
  fmt::print(out, "model        {} in {}\nfingerprint  {}\nparameters   {}\n", OneLine(config.name), OneLine(folder),
             info.fingerprint, info.parameters);
  fmt::print(out, "vision       {} px, patches of {} px, {} tokens of width {}, {} blocks\n", config.vision.image_res,
             config.vision.patch_size, info.patch_tokens(), config.vision.width, config.vision.depth);
  fmt::print(out, "text         {} layers of width {}, {} tokens at most\n", config.text.fusion_at, config.text.width,
             config.tokenizer.max_tokens);
  fmt::print(out, "clips        {} frames, {}\n", config.frame_len,
             config.add_frame_pos ? "each with its position" : "without positions");
  fmt::print(out, "fusion       {} layers\nembedding    {} floats\n", config.fusion_layers(), config.embed_dim);
  fmt::print(out, "calibration  {}\ndevice       {}\n", CalibrationText(info.calibration), info.device);
}

void PrintInfoJson(std::FILE* out, const std::string& folder, const encoder::EncoderInfo& info) {
  const boost::json::object object = {{"name", ValidUtf8(info.config.name)},
                                      {"folder", ValidUtf8(folder)},
                                      {"fingerprint", info.fingerprint},
                                      {"parameters", info.parameters},
                                      {"image_res", info.config.vision.image_res},
                                      {"patch_size", info.config.vision.patch_size},
                                      {"patch_tokens", info.patch_tokens()},
                                      {"patch_width", info.patch_width()},
                                      {"frame_len", info.config.frame_len},
                                      {"add_frame_pos", info.config.add_frame_pos},
                                      {"fusion_layers", info.config.fusion_layers()},
                                      {"embed_dim", info.config.embed_dim},
                                      {"coarse_weight", info.calibration.coarse_weight},
                                      {"calibrated", !info.calibration.fitted_on.empty()},
                                      {"device", info.device}};
  fmt::print(out, "{}\n", boost::json::serialize(object));
}

Result<ExitCode> RunInfo(const Session& session, const InfoFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto folder, ModelDirOf(session, flags.model));
  SL_ASSIGN_OR_RETURN(const auto encoder,
                      OpenModel(session, flags.model, MakeThreadBudget(session.globals.threads, 0), ModelUse::kSearch));
  flags.json ? PrintInfoJson(session.io.out, folder.string(), encoder->info())
             : PrintInfo(session.io.out, folder.string(), encoder->info());
  return ExitCode::kOk;
}

void AddInfo(CLI::App& model, Session& session) {
  auto flags = std::make_shared<InfoFlags>();
  CLI::App* command = model.add_subcommand("info", "What a model directory holds");
  command->add_option("folder", flags->model.model, "Model directory (default: sightline-small)");
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->callback([flags, &session] { session.run = [flags, &session] { return RunInfo(session, *flags); }; });
}

}  // namespace

void AddModelCommand(CLI::App& app, Session& session) {
  CLI::App* model = app.add_subcommand("model", "Import and inspect models");
  model->require_subcommand(1);
  AddModelImportCommand(*model, session);
  AddInfo(*model, session);
}

}  // namespace sightline::app
