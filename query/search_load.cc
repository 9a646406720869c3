// SPDX-License-Identifier: BSD-3-Clause
#include "query/search_load.h"

#include <algorithm>

namespace sightline::query {
namespace {

// How much the last batch counts: a few batches forget what was.
constexpr double kWeightOfLast = 0.25;

void Blend(double& mean, double value) { mean = mean == 0 ? value : mean + kWeightOfLast * (value - mean); }

}  // namespace

void SearchCost::Learn(size_t searches, size_t pairs, const StageTimings& timings) {
  if (searches == 0) return;
  const double rerank_ms = timings.patches_ms + timings.rerank_ms;
  Blend(search_ms_, std::max(0.0, timings.total_ms - rerank_ms) / static_cast<double>(searches));
  if (pairs > 0) Blend(pair_ms_, rerank_ms / static_cast<double>(pairs));
}

double AllowedMs(const SearchTime& search, double patience) {
  const double share_ms = patience * search.time_ms;
  const double left_ms = std::max(share_ms - search.waited_ms, kLeastOfPatience * share_ms);
  return std::min(std::max(left_ms, search.own_ms), search.time_ms - search.waited_ms);
}

double DepthShare(std::span<const WaitingCost> waiting) {
  double share = 1;
  double fixed_ms = 0;
  double shrinking_ms = 0;
  for (const WaitingCost& search : waiting) {
    fixed_ms += search.search_ms + (search.may_shrink ? 0 : search.rerank_ms);
    shrinking_ms += search.may_shrink ? search.rerank_ms : 0;
    if (fixed_ms + share * shrinking_ms <= search.allowed_ms) continue;
    // Where nothing may shrink, nothing would help.
    if (shrinking_ms > 0) share = std::clamp((search.allowed_ms - fixed_ms) / shrinking_ms, 0.0, share);
  }
  return share;
}

}  // namespace sightline::query
