// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>

#include "query/searcher.h"

namespace sightline::query {

/// What searches cost, learnt from those that ran. Thread-compatible.
class SearchCost {
 public:
  /// @param searches  that ran as one batch.   @param pairs  that the fusion encoder scored for them.
  void Learn(size_t searches, size_t pairs, const StageTimings& timings);

  /// Everything but reranking, for one search. 0 until one has run.
  double search_ms() const { return search_ms_; }
  /// Reading and scoring one candidate. 0 until one has been scored.
  double pair_ms() const { return pair_ms_; }

 private:
  double search_ms_ = 0;
  double pair_ms_ = 0;
};

/// A search that waits, as the plan for those that wait sees it.
struct WaitingCost {
  double search_ms = 0;
  double rerank_ms = 0;    ///< At the depth that was asked for.
  bool may_shrink = true;  ///< Its rerank depth.
  double allowed_ms = 0;   ///< From now until it should be answered; infinite without a deadline.
};

/// The time of one search.
struct SearchTime {
  double time_ms = 0;    ///< From when it came to its deadline.
  double waited_ms = 0;  ///< Since it came.
  double own_ms = 0;     ///< What it takes by itself.
};

/// How long from now it may be until a search is answered: what is left of the share `patience` of its time, at the
/// least kLeastOfPatience of that share, but what it takes by itself where that is more, because a search that has
/// little time is not late because of itself; and never beyond its deadline (Note [Depth under load]).
double AllowedMs(const SearchTime& search, double patience);

/// Of the share of its time that a search may wait, what it keeps however long it has waited. 0..1.
inline constexpr double kLeastOfPatience = 0.3;

/// The largest share of the rerank depths, 0 to 1, at which every search is answered in time when they run one after
/// the other; 0 where no share suffices. @param waiting  in the order in which they run.
///
/// Note [Depth under load]
/// What one search reranks, all behind it wait for. The time until search i is answered is the sum of what does not
/// shrink and s times the sum of what does, over the searches up to i, so each has its own largest s, and the smallest
/// of those serves all. One share for all is fair, and it is found in one pass. Requests are refused only when even
/// s = 0 is too late for them.
///
/// The plan is made anew for every batch. If those that waited had their whole share again each time, the depth would
/// come back while the queue is still long, and a queue that overload left would take several shares to go. If they had
/// only what is left, whoever waits a moment longer than planned would leave everyone without rerank. So what they have
/// waited counts, down to a part that stays.
double DepthShare(std::span<const WaitingCost> waiting);

}  // namespace sightline::query
