// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "base/result.h"
#include "eval/index_tuning.h"
#include "eval/rerank_tuning.h"
#include "eval/tuning_queries.h"
#include "query/searcher.h"
#include "storage/collection.h"

namespace sightline::eval {

struct TuningOptions {
  double target = 0.95;    ///< Recall of the index against exact search. In (0, 1].
  size_t k = 10;           ///< Of the nearest so many. 1..1000.
  size_t max_depth = 256;  ///< Rerank depths up to this are compared. kLeastDepth..1000.
  bool take_best = false;  ///< Go on with the best there is where the target cannot be met.
  size_t threads = 1;      ///< For exact search.
  Limits limits{};
  /// How far a stage is; `total` 0: not known. May be empty.
  std::function<void(std::string_view stage, size_t done, size_t total)> on_progress{};
};

/// How searches by words go on the held-out queries.
struct LiveFigures {
  size_t depth = 0;
  std::optional<double> margin{};
  double mean_read = 0;
  SearchTimes times{};
  std::optional<double> recall_at_1{};  ///< Absent: it is not known what the queries mean.
};

/// What was found out about the rerank.
struct RerankTuning {
  RerankChoice choice{};
  size_t known_answers = 0;        ///< Queries of which it is known what they mean.
  DepthMeasure without_margin{};   ///< At the chosen depth, on the held-out queries.
  DepthMeasure with_margin{};      ///< The same where there is no margin.
  DepthMeasure deepest_without{};  ///< The same at the greatest depth that was compared, with a margin of its own:
  DepthMeasure deepest_with{};     ///< what stopping early does for searches that read that far.
  LiveFigures before{};            ///< As the collection is searched now.
  LiveFigures after{};
};

struct TuningReport {
  std::string origin;  ///< Of the queries.
  size_t queries = 0;
  size_t held_out = 0;
  bool are_words = false;
  double target = 0;
  size_t k = 0;
  Epoch epoch{};         ///< The state that was searched.
  bool changed = false;  ///< The collection changed meanwhile, so the truth is not quite that of the state.
  uint64_t units = 0;
  uint64_t vectors = 0;
  IndexTuning index{};
  std::optional<RerankTuning> rerank{};  ///< Absent: nothing to rerank, or the target cannot be met.

  /// Whether there is something to store.
  bool has_choice() const { return !index.is_exact || rerank.has_value(); }
};

/// Half of the queries to choose with and half to tell how good the choice is; queries about one item are in the same
/// half.
QueryHalves SplitQueries(const std::vector<TuningQuery>& queries);

/// Measures a collection and chooses how it is to be searched (index_tuning.h, rerank_tuning.h). Changes nothing.
/// @param searcher  null: the rerank is left alone. Errors: kInvalidArgument (fewer than two queries, options out of
/// range), read errors, the searcher's, kCancelled.
Result<TuningReport> Tune(const storage::Collection& collection, const query::Searcher* searcher,
                          const TuningQueries& queries, const TuningOptions& options);

/// What the report says for `CollectionSettings::tuned`: JSON on one line, without dates, times or paths.
std::string TunedNote(const TuningReport& report);

/// Makes the choice the collection's: search parameters of its index, rerank depth, stop margin, the note. Durable.
/// Errors: those of SetIndexOptions and SetSettings.
Status StoreTuning(const TuningReport& report, storage::Collection& collection);

}  // namespace sightline::eval
