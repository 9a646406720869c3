// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "eval/index_measure.h"
#include "eval/index_tuning.h"
#include "eval/tuning_queries.h"
#include "query/early_stop.h"
#include "query/searcher.h"

namespace sightline::eval {

/// Note [Tuning the rerank]
/// One deep search per query gives the rank score of every candidate, and from those scores follows what a search of
/// any smaller depth and any stop margin answers, because scores do not depend on the depth; so depths and margins are
/// compared without searching again (query::StopAt is the rule that searches follow). The depth is the smallest one
/// that is as good as the deepest: where it is known which item the words mean, its R@1 is within kWorthPoints of the
/// best of all depths; where it is not, the first k hits are those of the deepest search to the share `target`. Depths
/// below kLeastDepth are not looked at: hits that were not read have no match probability.
///
/// The margin is the smallest one that costs at most kWorthPoints: of R@1, or, where that is not known, of the queries
/// whose first hit is that of the search that reads all. Margins are tried from above, so a smaller one that happens to
/// do better is not taken. Where it would save less than a twentieth of the reading there is none.
inline constexpr double kWorthPoints = 0.001;
inline constexpr size_t kLeastDepth = 16;

/// The candidates of one query in order of coarse score, all of them read.
struct DeepAnswer {
  std::vector<query::RuleCandidate> candidates;
  std::optional<ItemId> wanted;
};

/// What searches of one depth and margin answer.
struct DepthMeasure {
  size_t depth = 0;
  std::optional<double> margin;       ///< Absent: they read all.
  double mean_read = 0;               ///< Candidates that were read.
  double same_first = 0;              ///< Share of the queries whose first hit is the reference's.
  double same_hits = 0;               ///< Share of the first k hits that the reference has among its own.
  std::optional<double> recall_at_1;  ///< Of the queries with a known answer; absent: there are none.
};

/// Works on answers alone. @param reference  what the others are compared with: the depth of a search that reads all.
DepthMeasure MeasureDepth(std::span<const DeepAnswer> answers, const query::StopRule& rule, size_t depth,
                          size_t reference);

struct RerankChoice {
  std::vector<DepthMeasure> depths;  ///< Every depth that was compared, on the tuning half, without a margin.
  size_t depth = 0;
  std::optional<double> margin;
};

/// Chooses on these answers. @param rule  `top_k` and `coarse_weight`; its margin is of no account.
/// @param most  the depth that they were read to.
RerankChoice ChooseRerank(std::span<const DeepAnswer> answers, const query::StopRule& rule, size_t most, double target);

/// The margin at which searches of this depth stop (Note [Tuning the rerank]); absent: none is worth having.
std::optional<double> ChooseMargin(std::span<const DeepAnswer> answers, query::StopRule rule, size_t depth);

struct DeepSearch {
  size_t depth = 256;
  storage::SearchParameters index{};
  Limits limits{};
  std::function<void(size_t done)> on_progress{};  ///< May be empty.
};

/// Reads the candidates of every query to the given depth, through the searcher. Errors: the searcher's.
Result<std::vector<DeepAnswer>> ReadDeep(const query::Searcher& searcher, const TuningQueries& queries,
                                         const DeepSearch& deep);

/// What users get: searches as the service answers them, one by one.
struct LiveMeasure {
  SearchTimes times;
  double mean_read = 0;
  std::vector<std::vector<ItemId>> hits;  ///< Of each query, best first.
};

/// Asks the queries with these numbers. @param like  everything but the words. Errors: the searcher's.
Result<LiveMeasure> MeasureLive(const query::Searcher& searcher, const TuningQueries& queries,
                                std::span<const size_t> numbers, const query::SearchRequest& like);

}  // namespace sightline::eval
