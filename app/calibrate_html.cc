// SPDX-License-Identifier: BSD-3-Clause
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "app/calibrate_output.h"
#include "app/html_parts.h"
#include "app/html_style.h"
#include "app/svg_chart.h"
#include "app/text.h"

namespace sightline::app {
namespace {

Chart ChartOf(const std::string& title, const std::vector<eval::ReliabilityBin>& bins) {
  ChartSeries series = {.name = "first hits", .points = {}};
  for (const eval::ReliabilityBin& bin : bins) {
    series.points.push_back({.x = bin.mean_probability,
                             .y = bin.accuracy,
                             .label = fmt::format("{} first hits: said {:.3f}, right {:.3f}", bin.count,
                                                  bin.mean_probability, bin.accuracy)});
  }
  return {.title = title,
          .x = {.title = "match probability of the first hit", .ends = std::pair(0.0, 1.0)},
          .y = {.title = "share that is right", .ends = std::pair(0.0, 1.0)},
          .series = {std::move(series)},
          .has_diagonal = true};
}

std::string Diagram(const std::string& title, const eval::CalibrationFigures& figures) {
  if (figures.bins.empty()) return {};
  const std::string remark =
      fmt::format("{} queries, the first hit right in {:.1f} %; ECE {:.4f} ({:.4f} by chance alone), log loss {:.4f}",
                  figures.queries, 100 * figures.accuracy, figures.ece, figures.chance_ece, figures.log_loss);
  return HtmlFigure(title, remark, ChartSvg(ChartOf(title, figures.bins)));
}

std::string Table(const std::string& title, const std::string& head, const std::string& rows) {
  return fmt::format("<h2>{}</h2>\n{}", title, HtmlTable(title, head, rows));
}

std::string Cells(const eval::ThresholdFigures& figures) {
  return fmt::format("<td>{}</td><td>{}</td><td>{}</td>", figures.shown, PercentOrDash(figures.precision),
                     PercentOrDash(figures.recall));
}

std::string Thresholds(const CalibrateOutput& output) {
  std::string rows;
  for (size_t i = 0; i < output.answers.size(); ++i) {
    const std::string all =
        output.fresh.all_hits.empty() ? "<td>-</td><td>-</td><td>-</td>" : Cells(output.fresh.all_hits[i]);
    rows += fmt::format("<tr><td>{}</td>{}{}<td>{}</td><td>{}</td></tr>\n", output.answers[i].min_match,
                        Cells(output.fresh.first_hits[i]), all, PercentOrDash(output.answers[i].with_own),
                        PercentOrDash(output.answers[i].without_own));
  }
  return Table(
      "Hiding weak hits",
      "<tr><th></th><th colspan=\"3\">first hits</th><th colspan=\"3\">all hits</th><th colspan=\"2\">queries "
      "with an answer</th></tr><tr><th>min_match</th><th>shown</th><th>precision</th><th>recall</th><th>shown</th>"
      "<th>precision</th><th>recall</th><th>own picture there</th><th>removed</th></tr>",
      rows);
}

std::string Weights(const eval::CalibrationFit& fit) {
  std::string rows;
  for (const eval::WeightTrial& trial : fit.weights) {
    const bool chosen = trial.coarse_weight == fit.calibration.coarse_weight;
    rows += fmt::format("<tr><td>{}</td><td>{:.1f} %</td><td>{:.4f}</td><td>{}</td><td>{}</td></tr>\n",
                        trial.coarse_weight, trial.r1, trial.mrr,
                        trial.tied ? fmt::format("{:.5f}", trial.log_loss) : "-", chosen ? "chosen" : "");
  }
  return Table(
      "Coarse weights",
      "<tr><th>weight</th><th>R@1</th><th>MRR</th><th>log loss, where no worse than the best</th><th></th></tr>", rows);
}

}  // namespace

std::string CalibrateHtml(const CalibrateOutput& output) {
  std::string out =
      HtmlHead(fmt::format("Calibration of {}", output.model), fmt::format("{}{}", kPageStyle, kReportStyle));
  out += fmt::format(
      "<header><div><h1>Match probability of {}</h1><p class=\"summary\">{}: fitted on {} pictures ({} queries about "
      "{} "
      "pictures, {} candidates each), reported on {} pictures</p></div></header>\n<div class=\"charts\">\n",
      HtmlEscape(output.model), HtmlEscape(output.set), output.fit_pictures, output.fit.queries, output.fit.pictures,
      output.depth, output.report_pictures);
  out += Diagram("This calibration", output.fresh);
  out += Diagram(output.before_fitted_on.empty() ? "Before (not fitted)" : "Before", output.before);
  if (output.picture_to_text) out += Diagram("Pictures asked for captions", *output.picture_to_text);
  out += "</div>\n" + Thresholds(output) + Weights(output.fit);
  return out.append(kHtmlEnd);
}

}  // namespace sightline::app
