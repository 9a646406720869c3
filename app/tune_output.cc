// SPDX-License-Identifier: BSD-3-Clause
#include "app/tune_output.h"

#include <optional>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "app/json_texts_internal.h"
#include "app/text.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

using eval::DepthMeasure;
using eval::IndexMeasure;
using eval::LiveFigures;
using eval::TuningReport;

// A search parameter: 0 is chosen by size.
std::string Parameter(uint32_t value) { return value == 0 ? "by size" : std::to_string(value); }

storage::SearchParameters Effective(const storage::SearchParameters& parameters, const storage::IndexOptions& before) {
  return {.probes = parameters.probes.value_or(before.probes),
          .ef_search = parameters.ef_search.value_or(before.ef_search),
          .refine_factor = parameters.refine_factor.value_or(before.refine_factor)};
}

std::string IndexRow(const char* name, const IndexMeasure& measure, const storage::IndexOptions& before) {
  const storage::SearchParameters used = Effective(measure.parameters, before);
  return fmt::format("  {:<8} {:>8} {:>9} {:>8}   {:.4f} {:>10.3f} {:>9.3f} {:>11.0f} {:>8.0f}\n", name,
                     Parameter(*used.probes), Parameter(*used.ef_search), Parameter(*used.refine_factor),
                     measure.recall, measure.times.median_ms, measure.times.p95_ms, measure.vectors, measure.rows);
}

std::string Verdict(const TuningReport& report) {
  const eval::IndexTuning& index = report.index;
  if (!index.reached) {
    return fmt::format("the target of {:g} cannot be met: the best that this index gives is {:.4f}\n", report.target,
                       index.chosen.recall);
  }
  std::string out = fmt::format("the target of {:g} is met", report.target);
  if (index.climbed > 0) {
    out += fmt::format(", after {} step{} more than the other half of the queries asked for", index.climbed,
                       index.climbed == 1 ? "" : "s");
  }
  return out + "\n";
}

std::string IndexText(const TuneOutput& output) {
  const TuningReport& report = output.report;
  const eval::IndexTuning& index = report.index;
  if (index.is_exact) {
    return fmt::format(
        "index: every search looks at all {} vectors, so there is nothing to tune in the index (recall {:.4f}, median "
        "{:.3f} ms, p95 {:.3f} ms)\n",
        report.vectors, index.before.recall, index.before.times.median_ms, index.before.times.p95_ms);
  }
  std::string out = fmt::format(
      "index: recall of the {} nearest against exact search\n"
      "             probes ef_search   refine   recall  median ms    p95 ms     looked at   scored\n",
      report.k);
  out += IndexRow("before", index.before, output.before);
  out += IndexRow(index.reached ? "chosen" : "best", index.chosen, output.before);
  if (index.frontier.size() > 1) out += "  settings that reach it on the other half of the queries:\n";
  for (size_t i = 0; index.frontier.size() > 1 && i < index.frontier.size(); ++i) {
    out += IndexRow("", index.frontier[i], output.before);
  }
  return out + Verdict(report);
}

template <typename T>
std::string OrDash(const std::optional<T>& value, const char* form) {
  return value ? fmt::format(fmt::runtime(form), *value) : "-";
}

std::string LiveRow(const char* name, const LiveFigures& figures) {
  return fmt::format("  {:<8} {:>6} {:>8} {:>11.1f} {:>8} {:>10.1f} {:>9.1f}\n", name, figures.depth,
                     OrDash(figures.margin, "{:g}"), figures.mean_read, OrDash(figures.recall_at_1, "{:.4f}"),
                     figures.times.median_ms, figures.times.p95_ms);
}

// What stopping early does at one depth.
std::string StoppingText(const DepthMeasure& full, const DepthMeasure& stopped) {
  std::string out = fmt::format("  stopping early at depth {}: ", full.depth);
  if (!stopped.margin) return out + "no margin saves reading without costing hits\n";
  out += fmt::format(
      "margin {:g} reads {:.1f} of {:.1f} candidates; {:.2f} % of the first hits and {:.2f} % of all stay",
      *stopped.margin, stopped.mean_read, full.mean_read, 100 * stopped.same_first, 100 * stopped.same_hits);
  if (stopped.recall_at_1) {
    out += fmt::format("; R@1 {:.2f}, reading all {:.2f}", 100 * *stopped.recall_at_1, 100 * *full.recall_at_1);
  }
  return out + "\n";
}

std::string RerankText(const TuneOutput& output) {
  if (!output.report.rerank) return output.no_rerank.empty() ? "" : fmt::format("rerank: {}\n", output.no_rerank);
  const eval::RerankTuning& rerank = *output.report.rerank;
  std::string out = fmt::format("rerank: of {} queries it is known which item they mean\n", rerank.known_answers);
  out += "            depth   margin        read      R@1  median ms    p95 ms\n";
  out += LiveRow("before", rerank.before) + LiveRow("chosen", rerank.after);
  out += StoppingText(rerank.without_margin, rerank.with_margin);
  if (rerank.deepest_without.depth == rerank.without_margin.depth) return out;
  return out + StoppingText(rerank.deepest_without, rerank.deepest_with);
}

json::value OrNull(const std::optional<double>& value) { return value ? json::value(*value) : json::value(nullptr); }

json::object LatencyJson(const eval::SearchTimes& latency) {
  return {{"median", latency.median_ms}, {"p95", latency.p95_ms}};
}

json::object IndexMeasureJson(const IndexMeasure& measure, const storage::IndexOptions& before) {
  const storage::SearchParameters used = Effective(measure.parameters, before);
  return {{"probes", *used.probes},
          {"ef_search", *used.ef_search},
          {"refine_factor", *used.refine_factor},
          {"recall", measure.recall},
          {"standard_error", measure.standard_error},
          {"vectors_looked_at", measure.vectors},
          {"rows_scored", measure.rows},
          {"ms", LatencyJson(measure.times)}};
}

json::object IndexJson(const TuneOutput& output) {
  const eval::IndexTuning& index = output.report.index;
  json::array frontier;
  for (const IndexMeasure& measure : index.frontier) frontier.push_back(IndexMeasureJson(measure, output.before));
  return {{"exact", index.is_exact},
          {"reached", index.reached},
          {"before", IndexMeasureJson(index.before, output.before)},
          {"chosen", IndexMeasureJson(index.chosen, output.before)},
          {"frontier", std::move(frontier)},
          {"climbed", index.climbed}};
}

json::object DepthJson(const DepthMeasure& measure) {
  return {{"depth", measure.depth},         {"margin", OrNull(measure.margin)},
          {"mean_read", measure.mean_read}, {"same_first", measure.same_first},
          {"same_hits", measure.same_hits}, {"recall_at_1", OrNull(measure.recall_at_1)}};
}

json::object LiveJson(const LiveFigures& figures) {
  return {{"depth", figures.depth},
          {"margin", OrNull(figures.margin)},
          {"mean_read", figures.mean_read},
          {"recall_at_1", OrNull(figures.recall_at_1)},
          {"ms", LatencyJson(figures.times)}};
}

json::value RerankJson(const std::optional<eval::RerankTuning>& rerank) {
  if (!rerank) return nullptr;
  json::array depths;
  for (const DepthMeasure& measure : rerank->choice.depths) depths.push_back(DepthJson(measure));
  return json::object{{"known_answers", rerank->known_answers},
                      {"depths", std::move(depths)},
                      {"without_margin", DepthJson(rerank->without_margin)},
                      {"with_margin", DepthJson(rerank->with_margin)},
                      {"deepest_without_margin", DepthJson(rerank->deepest_without)},
                      {"deepest_with_margin", DepthJson(rerank->deepest_with)},
                      {"before", LiveJson(rerank->before)},
                      {"chosen", LiveJson(rerank->after)}};
}

}  // namespace

std::string TuneTable(const TuneOutput& output) {
  const TuningReport& report = output.report;
  std::string out;
  for (const std::string& what : output.left_out) out += fmt::format("left out: {}\n", OneLine(what));
  out += fmt::format("{}: {} vectors, state {}; asked with {}, {} of them held out: what follows is theirs\n",
                     output.collection, report.vectors, report.epoch.value, OneLine(report.origin), report.held_out);
  if (report.changed) out += "the collection changed meanwhile: recall is not exact\n";
  out += IndexText(output) + RerankText(output);
  if (output.stored) return out + "stored\n";
  if (!report.has_choice()) return out;
  return out + (output.dry_run ? "nothing was stored (--dry-run)\n" : "nothing was stored (--best stores it)\n");
}

std::string TuneJson(const TuneOutput& output) {
  const TuningReport& report = output.report;
  const json::object object = {{"collection", output.collection},
                               {"queries", json::object{{"origin", ValidUtf8(report.origin)},
                                                        {"count", report.queries},
                                                        {"held_out", report.held_out},
                                                        {"words", report.are_words},
                                                        {"left_out", JsonTexts(output.left_out)}}},
                               {"k", report.k},
                               {"target", report.target},
                               {"epoch", report.epoch.value},
                               {"vectors", report.vectors},
                               {"changed", report.changed},
                               {"index", IndexJson(output)},
                               {"rerank", RerankJson(report.rerank)},
                               {"stored", output.stored}};
  return json::serialize(object) + "\n";
}

}  // namespace sightline::app
