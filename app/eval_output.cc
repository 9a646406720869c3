// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_output.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/text.h"

namespace sightline::app {
namespace {

using eval::Figures;
using eval::Interval;

std::string RankText(const std::optional<double>& rank) { return rank ? fmt::format("{:.1f}", *rank) : "-"; }

// "18.24 16.7-19.9", the second part in the live protocol only.
std::string RecallCell(double recall, const Interval& interval, bool measured) {
  return fmt::format("{:6.2f} {:<12}", recall,
                     measured ? fmt::format("{:.1f}-{:.1f}", interval.low, interval.high) : "");
}

std::string LatencyCells(const eval::Latency& latency) {
  return fmt::format("{:>11.1f}{:>9.1f}{:>9.1f}", latency.queries_per_second, latency.p50_ms, latency.p95_ms);
}

// Of the first column.
size_t NameWidth(const EvalOutput& output) {
  size_t width = 18;
  for (const EvalRow& row : output.rows) width = std::max(width, row.name.size() + 1);
  return width;
}

std::string Cells(const EvalRow& row, const Figures& figures, size_t width) {
  const eval::RankMetrics& metrics = figures.metrics;
  const bool measured = row.stage.has_value();
  const eval::MetricIntervals& intervals = figures.intervals;
  std::string out = fmt::format(
      "{:<{}}{}{}{}{:7.2f}{:8.4f}{:>7}{:>7}", row.name, width, RecallCell(metrics.r1, intervals.r1, measured),
      RecallCell(metrics.r5, intervals.r5, measured), RecallCell(metrics.r10, intervals.r10, measured),
      metrics.recall_mean(), metrics.mrr, RankText(metrics.median_rank), RankText(metrics.mean_rank));
  if (row.timed) out += LatencyCells(figures.latency);
  return out + "\n";
}

void AddList(const char* what, const std::vector<std::string>& texts, std::string& out) {
  for (const std::string& text : texts) out += fmt::format("{}: {}\n", what, OneLine(text));
}

void AddDirection(const EvalOutput& output, const std::string& title, Figures EvalRow::*figures, std::string& out) {
  const size_t width = NameWidth(output);
  out += fmt::format("\n{:<{}}{:<19}{:<19}{:<19}{:>7}{:>8}{:>7}{:>7}{:>11}{:>9}{:>9}\n", title, width, "   R@1",
                     "   R@5", "  R@10", "mean", "MRR@10", "MdR", "MnR", "queries/s", "ms p50", "p95");
  for (const EvalRow& row : output.rows) out += Cells(row, row.*figures, width);
}

// One line per index.
void AddBytes(const EvalOutput& output, std::string& out) {
  const eval::StageResult* last = nullptr;
  for (const eval::StageResult& stage : output.stages) {
    if (last != nullptr && last->stage.kind == stage.stage.kind) continue;
    out +=
        fmt::format("{}{}: {:.0f} bytes of index in memory and {:.0f} of patches and token states on disk per unit\n",
                    last == nullptr ? "\n" : "", eval::NameOf(stage.stage.kind), stage.index_bytes_per_unit,
                    stage.token_bytes_per_unit);
    last = &stage;
  }
}

}  // namespace

std::string EvalTable(const EvalOutput& output) {
  const char* const image = output.image();
  std::string out;
  AddList("missing", output.missing, out);
  AddList("left out", output.left_out, out);
  AddList("duplicate", output.duplicates, out);
  AddList("without captions", output.without_captions, out);
  out += fmt::format("{}: {} {}s, {} captions; asked: {} captions, {} {}s; model {}, {}, patches {}\n",
                     OneLine(output.set), output.images, image, output.captions, output.captions_asked,
                     output.images_asked, image, OneLine(output.model), output.precision, output.patches);
  if (output.folds > 1) out += fmt::format("averages over {} folds of consecutive {}s\n", output.folds, image);
  AddDirection(output, fmt::format("text to {}", image), &EvalRow::img, out);
  AddDirection(output, fmt::format("{} to text", image), &EvalRow::txt, out);
  if (output.stages.empty()) return out;
  AddBytes(output, out);
  out += fmt::format("Beside R@K its 95 % bootstrap interval (1,000 resamples of {}s). One query at a time.\n", image);
  return out;
}

}  // namespace sightline::app
