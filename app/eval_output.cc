// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_output.h"

#include <fmt/format.h>
#include <boost/json.hpp>

#include "app/text.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

std::string Triple(const eval::Recall& recall) {
  return fmt::format("{:7.2f} {:6.2f} {:6.2f}", recall.r1, recall.r5, recall.r10);
}

void AddRecall(const char* prefix, const eval::Recall& recall, json::object& out) {
  out[fmt::format("{}_r1", prefix)] = recall.r1;
  out[fmt::format("{}_r5", prefix)] = recall.r5;
  out[fmt::format("{}_r10", prefix)] = recall.r10;
}

}  // namespace

std::string EvalTable(const EvalOutput& output) {
  std::string out;
  for (const std::string& missing : output.missing) out += fmt::format("missing: {}\n", OneLine(missing));
  out += fmt::format("{}: {} pictures, {} captions", OneLine(output.set), output.pictures, output.queries);
  if (output.skipped > 0) out += fmt::format(", {} captions left out", output.skipped);
  out += fmt::format("; model {}, {}, patches {}\n\n{:<22} text to picture R@1/5/10", OneLine(output.model),
                     output.precision, output.patches, "");
  const bool has_txt = !output.rows.empty() && output.rows[0].txt;
  out += has_txt ? "   picture to text R@1/5/10\n" : "   queries/s\n";
  for (const EvalRow& row : output.rows) {
    out += fmt::format("{:<22} {}", row.name, Triple(row.img));
    if (row.txt) out += fmt::format("{:>6}{}", "", Triple(*row.txt));
    if (row.queries_per_second > 0) out += fmt::format("{:>16.1f}", row.queries_per_second);
    out += "\n";
  }
  return out;
}

std::string EvalJson(const EvalOutput& output) {
  json::object out = {{"set", ValidUtf8(output.set)},      {"model", ValidUtf8(output.model)},
                      {"precision", output.precision},     {"patches", output.patches},
                      {"pictures", output.pictures},       {"captions", output.queries},
                      {"skipped_captions", output.skipped}};
  json::array missing;
  for (const std::string& picture : output.missing) missing.emplace_back(ValidUtf8(picture));
  out["missing"] = std::move(missing);
  json::object stages;
  for (const EvalRow& row : output.rows) {
    json::object stage;
    AddRecall("img", row.img, stage);
    if (row.txt) AddRecall("txt", *row.txt, stage);
    if (row.queries_per_second > 0) stage["queries_per_second"] = row.queries_per_second;
    stages[row.name] = std::move(stage);
  }
  out["stages"] = std::move(stages);
  return json::serialize(out) + "\n";
}

}  // namespace sightline::app
