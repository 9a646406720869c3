// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_page.h"

#include <filesystem>

#include <fmt/format.h>

#include "app/eval_charts.h"
#include "app/html_parts.h"
#include "app/html_style.h"
#include "app/text.h"

namespace sightline::app {
namespace {

using eval::Direction;
using eval::Figures;
using eval::Interval;

constexpr Direction kDirections[] = {Direction::kTextToImage, Direction::kImageToText};

std::string Title(const EvalOutput& output, Direction direction) {
  return direction == Direction::kTextToImage ? fmt::format("Text to {}", output.image())
                                              : fmt::format("{} to text", output.has_videos ? "Video" : "Picture");
}

std::string Figure(const std::string& heading, const std::string& remark, const Chart& chart) {
  const std::string legend = chart.series.size() > 1 && !chart.names_at_ends ? ChartLegend(chart) : "";
  return HtmlFigure(heading, remark, ChartSvg(chart) + legend);
}

std::string Charts(const EvalOutput& output) {
  std::string out;
  for (const Direction direction : kDirections) {
    const auto depth = DepthChart(output, direction);
    if (!depth) continue;
    out +=
        Figure(fmt::format("{}: recall against rerank depth", Title(output, direction)),
               fmt::format("{} index; bars: 95 % intervals", eval::NameOf(output.stages.front().stage.kind)), *depth);
  }
  for (const Direction direction : kDirections) {
    const auto latency = LatencyChart(output, direction);
    if (!latency) continue;
    out += Figure(fmt::format("{}: recall against latency", Title(output, direction)),
                  "along each line the rerank depth grows; one query at a time", *latency);
  }
  for (const Direction direction : kDirections) {
    const auto reliability = ReliabilityChart(output, direction);
    if (!reliability) continue;
    out += Figure(fmt::format("{}: is the match probability right?", Title(output, direction)), reliability->summary,
                  reliability->chart);
  }
  return out.empty() ? out : fmt::format("<div class=\"charts\">\n{}</div>\n", out);
}

std::string RankText(const std::optional<double>& rank) { return rank ? fmt::format("{:.1f}", *rank) : "&ndash;"; }

std::string MeasuredCell(const EvalRow& row, double value, const Interval& interval, int decimals) {
  if (!row.stage) return fmt::format("<td>{:.{}f}</td>", value, decimals);
  return fmt::format("<td>{0:.{3}f}<small>{1:.{3}f} to {2:.{3}f}</small></td>", value, interval.low, interval.high,
                     decimals);
}

std::string Cells(const EvalOutput& output, const EvalRow& row, const Figures& figures) {
  const eval::RankMetrics& metrics = figures.metrics;
  const eval::MetricIntervals& intervals = figures.intervals;
  std::string out = fmt::format("<tr><th scope=\"row\">{}</th>", HtmlEscape(row.name));
  out += MeasuredCell(row, metrics.r1, intervals.r1, 2) + MeasuredCell(row, metrics.r5, intervals.r5, 2);
  out += MeasuredCell(row, metrics.r10, intervals.r10, 2);
  out += MeasuredCell(row, metrics.recall_mean(), intervals.recall_mean, 2);
  out += MeasuredCell(row, metrics.mrr, intervals.mrr, 3);
  out += fmt::format("<td>{}</td><td>{}</td>", RankText(metrics.median_rank), RankText(metrics.mean_rank));
  if (output.stages.empty()) return out + "</tr>\n";
  if (row.timed) {
    out += fmt::format("<td>{:.1f}</td><td>{:.1f}</td><td>{:.1f}</td>", figures.latency.queries_per_second,
                       figures.latency.p50_ms, figures.latency.p95_ms);
  } else {
    out += "<td></td><td></td><td></td>";
  }
  const eval::StageResult& stage = output.stages[*row.stage];
  return out +
         fmt::format("<td>{:.0f}</td><td>{:.0f}</td></tr>\n", stage.index_bytes_per_unit, stage.token_bytes_per_unit);
}

std::string FigureTable(const EvalOutput& output, Direction direction) {
  const std::string title = Title(output, direction);
  std::string head =
      "<tr><th>stage</th><th>R@1</th><th>R@5</th><th>R@10</th><th>mean</th><th>MRR@10</th><th>MdR</th>"
      "<th>MnR</th>";
  if (!output.stages.empty()) {
    head += "<th>queries/s</th><th>ms, median</th><th>ms, p95</th><th>index B/unit</th><th>tokens B/unit</th>";
  }
  std::string rows;
  for (const EvalRow& row : output.rows) {
    rows += Cells(output, row, direction == Direction::kTextToImage ? row.img : row.txt);
  }
  head += "</tr>";
  return fmt::format("<h2>{}</h2>\n{}", title, HtmlTable(title, head, rows));
}

// Ranks of all queries of a row, and the picture of each.
struct RowRanks {
  std::vector<size_t> ranks;
  std::vector<size_t> images;
};

RowRanks RanksOf(const EvalOutput& output, const EvalRow& row, Direction direction) {
  const eval::StageResult& stage = output.stages[*row.stage];
  RowRanks out;
  for (const auto& fold : direction == Direction::kTextToImage ? stage.img : stage.txt) {
    for (const eval::QueryOutcome& outcome : fold) {
      out.ranks.push_back(eval::RankIn(outcome, row.order));
      out.images.push_back(outcome.image);
    }
  }
  return out;
}

std::string DifferenceCells(const RowRanks& base, const RowRanks& other, eval::Measure measure) {
  const auto compared = eval::CompareRanks(base.ranks, other.ranks, base.images, measure);
  if (!compared) return "<td></td><td></td>";
  return fmt::format("<td>{:+.2f}<small>{:+.2f} to {:+.2f}</small></td><td>{:.4f}</td>", compared->difference,
                     compared->interval.low, compared->interval.high, compared->p_value);
}

std::string DifferenceTable(const EvalOutput& output, Direction direction) {
  const RowRanks base = RanksOf(output, output.rows.front(), direction);
  std::string rows;
  for (size_t i = 1; i < output.rows.size(); ++i) {
    const RowRanks other = RanksOf(output, output.rows[i], direction);
    rows += fmt::format("<tr><th scope=\"row\">{}</th>{}{}</tr>\n", HtmlEscape(output.rows[i].name),
                        DifferenceCells(base, other, eval::Measure::kR1),
                        DifferenceCells(base, other, eval::Measure::kRecallMean));
  }
  const std::string title = fmt::format("{}: difference from {}", Title(output, direction), output.rows.front().name);
  return fmt::format("<h2>{}</h2>\n{}", HtmlEscape(title),
                     HtmlTable(title, "<tr><th>stage</th><th>R@1</th><th>p</th><th>mean</th><th>p</th></tr>", rows));
}

std::string List(const char* what, const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  std::string items;
  for (const std::string& text : texts) items += fmt::format("<li>{}</li>\n", HtmlEscape(OneLine(text)));
  return fmt::format("<details><summary>{} ({})</summary>\n<ul class=\"list\">\n{}</ul></details>\n", what,
                     texts.size(), items);
}

std::string Header(const EvalOutput& output, const std::string& name) {
  const char* const image = output.image();
  return fmt::format(
      "<header><div><h1>Recall on {}</h1><p class=\"summary\">{} {}s, {} captions; asked: {} captions, {} {}s{} "
      "&middot; "
      "model {}, {}, patches {}, {} threads &middot; sightline {}</p></div></header>\n",
      HtmlEscape(name), output.images, image, output.captions, output.captions_asked, output.images_asked, image,
      output.folds > 1 ? fmt::format("; averages over {} folds", output.folds) : "", HtmlEscape(output.model),
      output.precision, output.patches, output.threads, output.version);
}

constexpr const char* kFooter =
    "<footer>Intervals: 95 % percentile bootstrap, 1,000 resamples of pictures with all their queries. p: paired "
    "sign-flip permutation test by picture, two-sided, not corrected for how many are made. MRR@10 counts answers "
    "beyond "
    "the tenth as 0. A rank that is not known is left open. Latency: one query after the other.</footer>\n";

}  // namespace

std::string EvalPage(const EvalOutput& output) {
  const std::string name = std::filesystem::path(output.set).filename().string();
  std::string out = HtmlHead(fmt::format("Recall on {}", name), fmt::format("{}{}", kPageStyle, kReportStyle));
  out += Header(output, name) + Charts(output);
  for (const Direction direction : kDirections) out += FigureTable(output, direction);
  if (!output.stages.empty() && output.rows.size() > 1) {
    for (const Direction direction : kDirections) out += DifferenceTable(output, direction);
  }
  out += List("Missing", output.missing) + List("Captions left out", output.left_out);
  out += List("Duplicates", output.duplicates) + List("Without captions", output.without_captions);
  return out.append(kFooter).append(kHtmlEnd);
}

}  // namespace sightline::app
