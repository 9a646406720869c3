// SPDX-License-Identifier: BSD-3-Clause
#include "app/calibrate_run.h"

#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "app/calibrate_output.h"
#include "app/calibration_gallery.h"
#include "app/calibration_writing.h"
#include "app/interrupt.h"
#include "app/output_file.h"
#include "app/scratch_folder.h"
#include "base/file_io.h"

namespace sightline::app {
namespace {

using eval::CandidateList;
using eval::Direction;
using eval::Pictures;
using Lists = std::vector<CandidateList>;

Pictures PicturesFrom(const std::string& name) {
  return name == "even" ? Pictures::kEven : name == "odd" ? Pictures::kOdd : Pictures::kAll;
}

/// One calibration on its way.
struct Run {
  const Session& session;
  const CalibrateFlags& flags;
  encoder::Encoder& encoder;
  std::filesystem::path folder;
  size_t decode_threads;
  std::stop_token stop;
  CalibrateOutput output;

  Result<CalibrationGallery> MakeGallery(const eval::RetrievalSet& set, const std::string& name) {
    SL_ASSIGN_OR_RETURN(CalibrationGallery gallery,
                        CalibrationGallery::Make(session, flags, set, encoder, folder / name, decode_threads, stop));
    output.missing.insert(output.missing.end(), gallery.missing().begin(), gallery.missing().end());
    return gallery;
  }
};

// What was measured on one gallery.
Status Report(const CalibrationGallery& gallery, const Lists& lists, const encoder::Calibration& before,
              CalibrateOutput& output) {
  const encoder::Calibration& fitted = output.fit.calibration;
  SL_ASSIGN_OR_RETURN(const Lists without_own, gallery.Collect(Direction::kTextToImage, /*without_own=*/true));
  SL_ASSIGN_OR_RETURN(const Lists texts, gallery.Collect(Direction::kImageToText, /*without_own=*/false));
  output.fresh = eval::FiguresOf(lists, fitted);
  output.before = eval::FiguresOf(lists, before);
  output.answers = eval::AnswerRates(lists, &without_own, fitted);
  output.picture_to_text = eval::FiguresOf(texts, fitted);
  return {};
}

std::string FittedOn(const CalibrateFlags& flags, const eval::CalibrationFit& fit) {
  if (!flags.name.empty()) return flags.name;
  const std::string which = flags.pictures == "all" ? "" : fmt::format(", {}-numbered pictures", flags.pictures);
  return fmt::format("{}{}: first hits of {} queries about {} pictures, {} candidates each",
                     std::filesystem::path(flags.set).filename().string(), which, fit.queries, fit.pictures,
                     flags.depth);
}

// Too little to fit on may be because of what took no part.
Error WithMissing(Error error, const CalibrateOutput& output) {
  const auto add = [&error](const std::vector<std::string>& texts, std::string_view what) {
    if (!texts.empty()) error.message += fmt::format("; {} {}, the first: {}", what, texts.size(), texts.front());
  };
  add(output.missing, "missing");
  add(output.left_out, "left out");
  return error;
}

Status FitOn(const Lists& lists, Run& run) {
  auto fit = eval::FitCalibration(lists);
  if (!fit) return InputError(WithMissing(std::move(fit).error(), run.output));
  run.output.fit = *std::move(fit);
  run.output.fit.calibration.fitted_on = FittedOn(run.flags, run.output.fit);
  return {};
}

// The same pictures for both; the figures of the new calibration are cross-validated.
Status FitOnAll(const eval::RetrievalSet& set, const encoder::Calibration& before, Run& run) {
  SL_ASSIGN_OR_RETURN(const CalibrationGallery gallery, run.MakeGallery(set, "all"));
  SL_ASSIGN_OR_RETURN(const Lists lists, gallery.Collect(Direction::kTextToImage, /*without_own=*/false));
  SL_RETURN_IF_ERROR(FitOn(lists, run));
  SL_RETURN_IF_ERROR(Report(gallery, lists, before, run.output));
  run.output.fresh = eval::FiguresOf(run.output.fit.held_out);
  run.output.report_pictures = "cross-validation of the same";
  return {};
}

Status FitOnHalf(const eval::RetrievalSet& set, const encoder::Calibration& before, Run& run) {
  const bool fits_even = run.flags.pictures == "even";
  const std::string others = fits_even ? "odd" : "even";
  {
    const eval::RetrievalSet half = eval::Select(set, PicturesFrom(run.flags.pictures));
    SL_ASSIGN_OR_RETURN(const CalibrationGallery gallery, run.MakeGallery(half, run.flags.pictures));
    SL_ASSIGN_OR_RETURN(const Lists lists, gallery.Collect(Direction::kTextToImage, /*without_own=*/false));
    SL_RETURN_IF_ERROR(FitOn(lists, run));
  }
  const eval::RetrievalSet half = eval::Select(set, PicturesFrom(others));
  SL_ASSIGN_OR_RETURN(const CalibrationGallery gallery, run.MakeGallery(half, others));
  SL_ASSIGN_OR_RETURN(const Lists lists, gallery.Collect(Direction::kTextToImage, /*without_own=*/false));
  run.output.report_pictures = others;
  return Report(gallery, lists, before, run.output);
}

}  // namespace

Result<ExitCode> RunCalibrate(const Session& session, const CalibrateFlags& flags, const eval::RetrievalSet& set) {
  const ThreadBudget budget = MakeThreadBudget(session.globals.threads, 0);
  SL_ASSIGN_OR_RETURN(const auto encoder, OpenModel(session, flags.model, budget, ModelUse::kSearch));
  SL_ASSIGN_OR_RETURN(const CalibrationTargets targets, CalibrationTargets::Open(session, flags, encoder->info()));
  SL_RETURN_IF_ERROR(CheckOutputFile(flags.html));
  SL_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::Make());
  const InterruptHandler interrupt(session, "stopping; no calibration will be written");
  Run run{.session = session,
          .flags = flags,
          .encoder = *encoder,
          .folder = flags.keep.empty() ? scratch.path() : std::filesystem::path(flags.keep),
          .decode_threads = budget.decode,
          .stop = interrupt.token(),
          .output = {}};
  CalibrateOutput& output = run.output;
  output.set = flags.set;
  output.model = encoder->info().config.name;
  output.depth = flags.depth;
  output.fit_pictures = flags.pictures;
  output.left_out = set.left_out;
  output.before_fitted_on = targets.before().fitted_on;
  SL_RETURN_IF_ERROR(flags.pictures == "all" ? FitOnAll(set, targets.before(), run)
                                             : FitOnHalf(set, targets.before(), run));
  SL_ASSIGN_OR_RETURN(output.written, targets.Write(output.fit.calibration));
  if (!flags.html.empty()) SL_RETURN_IF_ERROR(WriteFileAtomically(flags.html, CalibrateHtml(output)));
  fmt::print(session.io.out, "{}", flags.json ? CalibrateJson(output) : CalibrateTable(output));
  return ExitCode::kOk;
}

}  // namespace sightline::app
