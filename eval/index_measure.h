// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/filter.h"
#include "base/limits.h"
#include "base/result.h"
#include "eval/exact_neighbors.h"
#include "eval/tuning_queries.h"
#include "storage/collection.h"

namespace sightline::eval {

/// How long something takes that was done one by one.
struct SearchTimes {
  double median_ms = 0;
  double p95_ms = 0;
};
/// Nearest ranks. @param ms  may be empty: zeros.
SearchTimes SearchTimesOf(std::vector<double> ms);

/// One setting of the index's search parameters, measured.
struct IndexMeasure {
  storage::SearchParameters parameters;
  double recall = 0;          ///< Of the k nearest units, the share that was found; the mean over the queries.
  double standard_error = 0;  ///< Of that mean.
  double vectors = 0;         ///< Looked at per query, compressed or not.
  double rows = 0;            ///< Of them, those scored again from rows.
  SearchTimes times;          ///< Of single searches, one after the other.
};

/// Searches one view of a collection with any parameters and compares what it finds with exact search. The view, the
/// queries and the truth must outlive it. Thread-compatible.
class IndexMeter {
 public:
  /// @param truth  of the queries, in their order.
  IndexMeter(std::shared_ptr<const storage::IndexView> view, const TuningQueries& queries, const ExactScores& truth,
             size_t k, const Limits& limits);

  /// Asks the queries with these numbers once, one after the other. Errors: those of IndexView::Search.
  Result<IndexMeasure> Measure(const storage::SearchParameters& parameters, std::span<const size_t> queries) const;

 private:
  const std::shared_ptr<const storage::IndexView> view_;
  const TuningQueries& queries_;
  const ExactScores& truth_;
  const size_t k_;
  const Limits limits_;
  Filter filter_;
};

}  // namespace sightline::eval
