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

std::string Rate(double queries_per_second) {
  return queries_per_second > 0 ? fmt::format("{:.1f}", queries_per_second) : "";
}

void AddList(const char* what, const std::vector<std::string>& texts, std::string& out) {
  for (const std::string& text : texts) out += fmt::format("{}: {}\n", what, OneLine(text));
}

}  // namespace

std::string EvalTable(const EvalOutput& output) {
  const char* const image = output.has_videos ? "video" : "picture";
  std::string out;
  AddList("missing", output.missing, out);
  AddList("left out", output.left_out, out);
  AddList("duplicate", output.duplicates, out);
  AddList("without captions", output.without_captions, out);
  out += fmt::format("{}: {} {}s, {} captions; asked: {} captions, {} {}s; model {}, {}, patches {}\n\n",
                     OneLine(output.set), output.images, image, output.captions, output.captions_asked,
                     output.images_asked, image, OneLine(output.model), output.precision, output.patches);
  out += fmt::format("{:<22} {:<48}{} to text\n", "", fmt::format("text to {}", image), image);
  const std::string columns = "   R@1    R@5   R@10    MdR    MnR  queries/s";
  out += fmt::format("{:<22} {}   {}\n", "", columns, columns);
  for (const EvalRow& row : output.rows) {
    std::string line =
        fmt::format("{:<22} {}{:>11}   {}{:>11}", row.name, Columns(row.img), Rate(row.img_queries_per_second),
                    Columns(row.txt), Rate(row.txt_queries_per_second));
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string EvalJson(const EvalOutput& output) {
  json::object out = {{"set", ValidUtf8(output.set)},
                      {"model", ValidUtf8(output.model)},
                      {"precision", output.precision},
                      {"patches", output.patches},
                      {output.has_videos ? "videos" : "pictures", output.images},
                      {"captions", output.captions},
                      {output.has_videos ? "videos_asked" : "pictures_asked", output.images_asked},
                      {"captions_asked", output.captions_asked},
                      {"missing", Texts(output.missing)},
                      {"left_out", Texts(output.left_out)},
                      {"duplicates", Texts(output.duplicates)},
                      {"without_captions", Texts(output.without_captions)}};
  json::object stages;
  for (const EvalRow& row : output.rows) {
    json::object stage;
    AddMetrics("img", row.img, stage);
    AddMetrics("txt", row.txt, stage);
    if (row.img_queries_per_second > 0) stage["img_queries_per_second"] = row.img_queries_per_second;
    if (row.txt_queries_per_second > 0) stage["txt_queries_per_second"] = row.txt_queries_per_second;
    stages[row.name] = std::move(stage);
  }
  out["stages"] = std::move(stages);
  return json::serialize(out) + "\n";
}

}  // namespace sightline::app
