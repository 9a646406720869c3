// SPDX-License-Identifier: BSD-3-Clause
#include "storage/exact_view.h"

#include <algorithm>

#include "base/guard.h"
#include "storage/unit_candidates.h"

namespace sightline::storage {
namespace {

std::vector<Neighbor> ToNeighbors(const std::vector<Candidate>& candidates) {
  std::vector<Neighbor> neighbors(candidates.size());
  std::transform(candidates.begin(), candidates.end(), neighbors.begin(), ToNeighbor);
  return neighbors;
}

}  // namespace

Result<std::vector<Neighbor>> ExactView::Search(std::span<const float> query, const SearchOptions& options,
                                                SearchStats* stats) const {
  SL_RETURN_IF_ERROR(CheckQuery(query, table_.dim, options.k));
  return Guard("search", [&]() -> Result<std::vector<Neighbor>> {
    SearchStats counted;
    SearchStats& counts = stats != nullptr ? *stats : counted;
    counts = {};
    if (options.filter != nullptr && planner_ != nullptr) {
      SL_ASSIGN_OR_RETURN(counts.filter, planner_->Plan(*options.filter, options.limits));
    } else if (options.filter != nullptr && AsksMetadata(*options.filter)) {
      counts.filter.strategy = FilterStrategy::kPostFilter;
    }
    const UnitFilter filter(options.filter, counts.filter);
    if (!filter.AsksRecords()) {
      BestK best(options.k);
      SL_RETURN_IF_ERROR(ScoreUnits(table_, query, filter, options.limits, counts,
                                    [&best](const Candidate& unit) { best.Offer(unit); }));
      return ToNeighbors(best.Take());
    }
    std::vector<Candidate> candidates;
    SL_RETURN_IF_ERROR(ScoreUnits(table_, query, filter, options.limits, counts,
                                  [&candidates](const Candidate& unit) { candidates.push_back(unit); }));
    SL_ASSIGN_OR_RETURN(const auto passing, FilterInOrder(std::move(candidates), *records_, options, filter, counts));
    return ToNeighbors(passing);
  });
}

}  // namespace sightline::storage
