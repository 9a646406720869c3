// SPDX-License-Identifier: BSD-3-Clause
#include "app/calibrate_output.h"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "app/json_texts_internal.h"
#include "app/text.h"

namespace sightline::app {
namespace {

namespace json = boost::json;
using encoder::Calibration;

const eval::WeightTrial& Chosen(const eval::CalibrationFit& fit) {
  return *std::find_if(fit.weights.begin(), fit.weights.end(), [&fit](const eval::WeightTrial& trial) {
    return trial.coarse_weight == fit.calibration.coarse_weight;
  });
}

// A model whose rank score is no higher for what is right.
bool SaysNothing(const Calibration& calibration) {
  if (calibration.method == Calibration::Method::kPlatt) return calibration.a == 0;
  return calibration.points.front().second == calibration.points.back().second;
}

std::string FitText(const CalibrateOutput& output) {
  const eval::CalibrationFit& fit = output.fit;
  const eval::WeightTrial& chosen = Chosen(fit);
  const auto tied =
      std::count_if(fit.weights.begin(), fit.weights.end(), [](const eval::WeightTrial& trial) { return trial.tied; });
  std::string out = fmt::format("fitted on    {} pictures of {}: {} queries about {} pictures, {} candidates each\n",
                                output.fit_pictures, OneLine(output.set), fit.queries, fit.pictures, output.depth);
  out += fmt::format("weight       {} (R@1 {:.1f} %, MRR {:.3f}; of {} weights {} are as good)\n", chosen.coarse_weight,
                     chosen.r1, chosen.mrr, fit.weights.size(), tied);
  const Calibration& calibration = fit.calibration;
  const std::string map = calibration.method == Calibration::Method::kPlatt
                              ? fmt::format("platt: sigmoid({:.5g} * rank score {:+.5g})", calibration.a, calibration.b)
                              : fmt::format("isotonic: {} points", calibration.points.size());
  out += fmt::format("probability  {} (held-out log loss: platt {:.4f}, isotonic {:.4f})\n", map, fit.platt_log_loss,
                     fit.isotonic_log_loss);
  if (SaysNothing(calibration)) {
    out += "             the rank score does not tell right from wrong here: every hit gets the same probability\n";
  }
  return out;
}

std::string BinLines(const eval::CalibrationFigures& figures) {
  std::string out = "\n  said   right   first hits\n";
  for (const eval::ReliabilityBin& bin : figures.bins) {
    out += fmt::format("{:6.3f}  {:6.3f}  {:>10}\n", bin.mean_probability, bin.accuracy, bin.count);
  }
  return out;
}

std::string ThresholdLine(const eval::ThresholdFigures& figures) {
  return fmt::format("{:>6} {:>9} {:>9}", figures.shown, PercentOrDash(figures.precision),
                     PercentOrDash(figures.recall));
}

std::string ThresholdLines(const CalibrateOutput& output) {
  const eval::CalibrationFigures& figures = output.fresh;
  std::string out = fmt::format("\n{:9} {:28} {:28} answered\n", "", "first hits", "all hits");
  out += "min_match  shown precision    recall    shown precision    recall   with own   without own picture\n";
  for (size_t i = 0; i < output.answers.size(); ++i) {
    const std::string all = figures.all_hits.empty() ? "" : ThresholdLine(figures.all_hits[i]);
    out += fmt::format("{:9} {}   {:26}  {:>9}   {:>11}\n", output.answers[i].min_match,
                       ThresholdLine(figures.first_hits[i]), all, PercentOrDash(output.answers[i].with_own),
                       PercentOrDash(output.answers[i].without_own));
  }
  return out;
}

json::array Bins(const eval::CalibrationFigures& figures) {
  json::array out;
  for (const eval::ReliabilityBin& bin : figures.bins) {
    out.push_back(
        json::object{{"mean_probability", bin.mean_probability}, {"accuracy", bin.accuracy}, {"count", bin.count}});
  }
  return out;
}

json::array Thresholds(const std::vector<eval::ThresholdFigures>& all) {
  json::array out;
  for (const eval::ThresholdFigures& figures : all) {
    json::object entry = {{"min_match", figures.min_match},
                          {"shown", figures.shown},
                          {"right", figures.right},
                          {"precision", nullptr},
                          {"recall", figures.recall}};
    if (figures.precision) entry["precision"] = *figures.precision;
    out.push_back(std::move(entry));
  }
  return out;
}

json::object Figures(const eval::CalibrationFigures& figures) {
  return {{"queries", figures.queries},
          {"first_right", figures.accuracy},
          {"log_loss", figures.log_loss},
          {"ece", figures.ece},
          {"chance_ece", figures.chance_ece},
          {"bins", Bins(figures)},
          {"first_hits", Thresholds(figures.first_hits)},
          {"all_hits", Thresholds(figures.all_hits)}};
}

json::array Answers(const std::vector<eval::AnswerRate>& rates) {
  json::array out;
  for (const eval::AnswerRate& rate : rates) {
    json::object entry = {{"min_match", rate.min_match}, {"with_own", rate.with_own}, {"without_own", nullptr}};
    if (rate.without_own) entry["without_own"] = *rate.without_own;
    out.push_back(std::move(entry));
  }
  return out;
}

json::object Fit(const eval::CalibrationFit& fit) {
  json::array weights;
  for (const eval::WeightTrial& trial : fit.weights) {
    json::object entry = {
        {"coarse_weight", trial.coarse_weight}, {"r1", trial.r1}, {"mrr", trial.mrr}, {"tied", trial.tied}};
    if (trial.tied) entry["log_loss"] = trial.log_loss;
    weights.push_back(std::move(entry));
  }
  return {{"queries", fit.queries},
          {"pictures", fit.pictures},
          {"platt_log_loss", fit.platt_log_loss},
          {"isotonic_log_loss", fit.isotonic_log_loss},
          {"weights", std::move(weights)}};
}

}  // namespace

std::string CalibrateTable(const CalibrateOutput& output) {
  std::string out;
  for (const std::string& text : output.missing) out += fmt::format("missing: {}\n", OneLine(text));
  for (const std::string& text : output.left_out) out += fmt::format("left out: {}\n", OneLine(text));
  out += FitText(output);
  const eval::CalibrationFigures& fresh = output.fresh;
  const eval::CalibrationFigures& before = output.before;
  out += fmt::format("reported on  {} pictures: {} queries, the first hit right in {:.1f} %\n", output.report_pictures,
                     fresh.queries, 100 * fresh.accuracy);
  out += fmt::format("ECE          {:.4f}, {:.4f} by chance alone (before: {:.4f})\n", fresh.ece, fresh.chance_ece,
                     before.ece);
  out += fmt::format("log loss     {:.4f} (before: {:.4f})\n", fresh.log_loss, before.log_loss);
  if (output.picture_to_text) {
    const eval::CalibrationFigures& texts = *output.picture_to_text;
    out += fmt::format(
        "captions     pictures asked for their captions: {} queries, right in {:.1f} %, ECE {:.4f} "
        "({:.4f} by chance)\n",
        texts.queries, 100 * texts.accuracy, texts.ece, texts.chance_ece);
  }
  out += BinLines(fresh) + ThresholdLines(output);
  if (!output.written.empty()) out += "\n";
  for (const std::string& text : output.written) out += fmt::format("{}\n", OneLine(text));
  return out;
}

std::string CalibrateJson(const CalibrateOutput& output) {
  json::object out = {{"set", ValidUtf8(output.set)},
                      {"model", ValidUtf8(output.model)},
                      {"depth", output.depth},
                      {"fitted_on", output.fit_pictures},
                      {"reported_on", output.report_pictures},
                      {"calibration", json::parse(encoder::CalibrationToJson(output.fit.calibration))},
                      {"fit", Fit(output.fit)},
                      {"report", Figures(output.fresh)},
                      {"before", Figures(output.before)},
                      {"before_fitted_on", ValidUtf8(output.before_fitted_on)},
                      {"answers", Answers(output.answers)},
                      {"picture_to_text", nullptr},
                      {"missing", JsonTexts(output.missing)},
                      {"left_out", JsonTexts(output.left_out)},
                      {"written", JsonTexts(output.written)}};
  if (output.picture_to_text) out["picture_to_text"] = Figures(*output.picture_to_text);
  return json::serialize(out) + "\n";
}

}  // namespace sightline::app
