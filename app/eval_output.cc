// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_output.h"

#include <fmt/format.h>
#include <boost/json.hpp>

#include "app/text.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

std::string RankText(const std::optional<double>& rank) { return rank ? fmt::format("{:.1f}", *rank) : "-"; }

std::string Columns(const eval::RankMetrics& metrics) {
  return fmt::format("{:6.2f} {:6.2f} {:6.2f} {:>6} {:>6}", metrics.r1, metrics.r5, metrics.r10,
                     RankText(metrics.median_rank), RankText(metrics.mean_rank));
}

json::value RankValue(const std::optional<double>& rank) { return rank ? json::value(*rank) : json::value(nullptr); }

void AddMetrics(const char* prefix, const eval::RankMetrics& metrics, json::object& out) {
  out[fmt::format("{}_r1", prefix)] = metrics.r1;
  out[fmt::format("{}_r5", prefix)] = metrics.r5;
  out[fmt::format("{}_r10", prefix)] = metrics.r10;
  out[fmt::format("{}_mdr", prefix)] = RankValue(metrics.median_rank);
  out[fmt::format("{}_mnr", prefix)] = RankValue(metrics.mean_rank);
}

json::array Texts(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(ValidUtf8(text));
  return out;
}

}  // namespace

std::string EvalTable(const EvalOutput& output) {
  std::string out;
  for (const std::string& missing : output.missing) out += fmt::format("missing: {}\n", OneLine(missing));
  for (const std::string& caption : output.left_out) out += fmt::format("left out: {}\n", OneLine(caption));
  out += fmt::format("{}: {} pictures, {} captions", OneLine(output.set), output.pictures, output.queries);
  if (output.skipped > 0) out += fmt::format(", {} captions left out", output.skipped);
  out += fmt::format("; model {}, {}, patches {}\n\n", OneLine(output.model), output.precision, output.patches);
  const bool has_txt = !output.rows.empty() && output.rows[0].txt;
  out += fmt::format("{:<22} {:<34}{}\n", "", "text to picture", has_txt ? "    picture to text" : "");
  const std::string columns = "   R@1    R@5   R@10    MdR    MnR";
  out += fmt::format("{:<22} {}{}   queries/s\n", "", columns, has_txt ? "    " + columns : "");
  for (const EvalRow& row : output.rows) {
    out += fmt::format("{:<22} {}", row.name, Columns(row.img));
    if (row.txt) out += fmt::format("    {}", Columns(*row.txt));
    if (row.queries_per_second > 0) out += fmt::format("{:>12.1f}", row.queries_per_second);
    out += "\n";
  }
  return out;
}

std::string EvalJson(const EvalOutput& output) {
  json::object out = {{"set", ValidUtf8(output.set)},      {"model", ValidUtf8(output.model)},
                      {"precision", output.precision},     {"patches", output.patches},
                      {"pictures", output.pictures},       {"captions", output.queries},
                      {"skipped_captions", output.skipped}};
  out["missing"] = Texts(output.missing);
  out["left_out"] = Texts(output.left_out);
  json::object stages;
  for (const EvalRow& row : output.rows) {
    json::object stage;
    AddMetrics("img", row.img, stage);
    if (row.txt) AddMetrics("txt", *row.txt, stage);
    if (row.queries_per_second > 0) stage["queries_per_second"] = row.queries_per_second;
    stages[row.name] = std::move(stage);
  }
  out["stages"] = std::move(stages);
  return json::serialize(out) + "\n";
}

}  // namespace sightline::app
