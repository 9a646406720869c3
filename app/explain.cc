// SPDX-License-Identifier: BSD-3-Clause
#include "app/explain.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace sightline::app {
namespace {

std::string FilterText(const storage::SearchStats& stats) {
  const storage::FilterPlan& plan = stats.filter;
  std::string out(NameOf(plan.strategy));
  if (plan.strategy == storage::FilterStrategy::kNone) return out;
  if (plan.items != nullptr) {
    out += fmt::format(": {} {} of {} items may pass", plan.is_exact ? "exactly" : "at most", plan.items_possible,
                       plan.items_in_all);
  } else {
    out += ": the secondary index cannot tell how many items pass";
  }
  out += fmt::format("; {} terms read", plan.terms_read);
  if (plan.clauses_cached > 0) out += fmt::format(", {} conditions known before", plan.clauses_cached);
  return out + fmt::format("; {} records read", stats.records_read);
}

std::string CoarseText(const query::SearchAnswer& answer) {
  std::string out =
      fmt::format("{} vectors scored, {} units left out; {} units asked for, {} found", answer.coarse.vectors_scanned,
                  answer.coarse.units_filtered_out, answer.coarse_k, answer.candidates);
  if (answer.coarse_rounds > 1) out += fmt::format(" in {} rounds", answer.coarse_rounds);
  return out;
}

std::string RerankText(const query::SearchAnswer& answer) {
  const size_t depth = std::min(answer.rerank_depth, answer.candidates);
  std::string out =
      fmt::format("{} of {} candidates read, {} of them in memory", answer.reranked, depth, answer.patches_cached);
  if (answer.stopped_at) out += fmt::format("; stopped early: the hits were settled after {}", *answer.stopped_at);
  return out;
}

template <typename T>
std::string Cell(const std::optional<T>& score) {
  return score ? fmt::format("{:>9.4f}", *score) : fmt::format("{:>9}", "-");
}

}  // namespace

std::string ExplainText(const query::SearchAnswer& answer) {
  const query::StageTimings& ms = answer.timings;
  std::string out = "\nexplained\n";
  out += fmt::format("  filter  {}\n", FilterText(answer.coarse));
  out += fmt::format("  coarse  {}\n", CoarseText(answer));
  out += fmt::format("  rerank  {}\n", RerankText(answer));
  out += fmt::format("  ms      encode {:.2f}, coarse {:.2f}, patches {:.2f}, rerank {:.2f}, total {:.2f}\n",
                     ms.encode_ms, ms.coarse_ms, ms.patches_ms, ms.rerank_ms, ms.total_ms);
  if (answer.hits.empty()) return out;
  out += "  scores    #     match     logit      rank    coarse      unit\n";
  for (size_t i = 0; i < answer.hits.size(); ++i) {
    const query::Hit& hit = answer.hits[i];
    out += fmt::format("          {:>3} {} {} {} {:>9.4f} {:>9}\n", i + 1, Cell(hit.match_probability),
                       Cell(hit.match_logit), Cell(hit.rank_score), hit.coarse_score, hit.unit.value);
  }
  return out;
}

}  // namespace sightline::app
