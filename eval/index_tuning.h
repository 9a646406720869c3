// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "eval/index_measure.h"
#include "storage/collection.h"

namespace sightline::eval {

/// Note [Tuning the index]
/// The parameters of an approximate index are a ladder: `probes` (inverted lists) and `ef_search` (graphs) grow by a
/// third or a half from rung to rung, and recall grows with them. `refine_factor` is a second ladder, of powers of two.
/// For every refine factor, from the largest down, the lowest rung that reaches the target is found by doubling and
/// then halving; a smaller factor never needs a lower rung, so the search goes on where the one before ended. Of these
/// pairs, the frontier, the one with the least work is taken: work counts what was looked at, not milliseconds, so the
/// same queries lead to the same choice.
///
/// The mean over some queries is uncertain, and the lowest rung that reaches a target on them is more often too low
/// than too high. So a rung counts as reaching it when its mean less kSureness standard errors does; where no rung can,
/// the mean alone. The other half of the queries then tells the recall; where they fall short the choice climbs
/// further, and the report says how far.
inline constexpr double kSureness = 1.645;  // One-sided 95 %.

/// Which parameters an index has.
struct IndexShape {
  bool has_lists = false;  ///< Segments of kIvfPq or kIvfPqFastScan: probes, refine_factor.
  bool has_graph = false;  ///< Segments of kHnsw: ef_search.
  double row_work = 1;     ///< What scoring a row again costs, in vectors looked at.

  bool is_exact() const { return !has_lists && !has_graph; }
};
IndexShape ShapeOf(const storage::IndexStatus& status);

/// Values of the ladder: 1, 2, 3, 4, 6, 8, 12, 16 ...
uint32_t LadderValue(size_t rung);

/// What was chosen and what it gives.
struct IndexTuning {
  bool is_exact = false;  ///< Nothing is approximate, so nothing was looked for.
  bool reached = false;   ///< The held-out queries reach the target with `chosen`.
  IndexMeasure before;    ///< As the collection is searched now, on the held-out queries.
  IndexMeasure chosen;    ///< On the held-out queries. Not reached: the best there is.
  /// For each refine factor the lowest rung that reaches the target, on the other half of the queries.
  std::vector<IndexMeasure> frontier;
  size_t climbed = 0;  ///< Rungs added because the held-out queries fell short.
};

/// Numbers of queries.
struct QueryHalves {
  std::vector<size_t> tuning;
  std::vector<size_t> held_out;
};

using MeasureFunction =
    std::function<Result<IndexMeasure>(const storage::SearchParameters& parameters, std::span<const size_t> queries)>;

/// Finds the parameters with the least work whose recall is at least `target` (Note [Tuning the index]).
/// @param measure  IndexMeter's, or a test's. Errors: those of `measure`.
Result<IndexTuning> TuneIndex(const IndexShape& shape, double target, const QueryHalves& queries,
                              const MeasureFunction& measure);

}  // namespace sightline::eval
