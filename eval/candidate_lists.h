// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "encoder/calibration.h"
#include "eval/gallery.h"
#include "eval/live_protocol.h"
#include "eval/retrieval_set.h"
#include "query/searcher.h"
#include "storage/collection.h"

namespace sightline::eval {

/// A query with something that the coarse stage found and the fusion encoder read against it.
struct ScoredPair {
  float coarse_score = 0;
  float match_logit = 0;
  bool right = false;
};

/// One query and its candidates.
struct CandidateList {
  /// The query's picture, as the first index in the set of what has its content: queries of one picture are not
  /// independent, so that they belong together when pictures are split.
  size_t picture = 0;
  /// Best first by coarse score, those of equal score as a search has them: of equal rank scores the earlier one comes
  /// first. The right ones among them are few, mostly one, the others are hard: the nearest of the whole gallery.
  std::vector<ScoredPair> pairs;
  size_t findable = 1;  ///< What is right for the query, among the candidates or not.

  /// The hit that a search with this calibration shows first, or null without any.
  const ScoredPair* First(const encoder::Calibration& calibration) const;
};

struct CandidateOptions {
  Direction direction = Direction::kTextToImage;
  size_t depth = 32;         ///< Candidates of a query. 1..1000.
  bool without_own = false;  ///< Every query is asked of the gallery without what is right for it.
  size_t batch = 32;         ///< Queries per Searcher call.
  std::stop_token stop = {};
  std::function<void(size_t done, size_t total)> on_progress = {};  ///< May be empty.
};

/// Asks `searcher`, which searches `collection`, as RunLiveProtocol does and returns what the model said of every
/// candidate, one list per query that can be asked. Which candidates there are depends on the coarse stage alone, so
/// any calibration can be tried on the lists: it would have shown exactly these. `without_own` leaves out by a filter
/// on paths what is right.
/// Errors: kInvalidArgument (depth), kUnavailable (a search was degraded, so that its list would not be whole),
/// kCancelled, and the searcher's, except that a caption without words is skipped.
Result<std::vector<CandidateList>> CollectCandidates(const query::Searcher& searcher,
                                                     const storage::Collection& collection, const RetrievalSet& set,
                                                     const Gallery& gallery, const CandidateOptions& options);

/// Which pictures of a set take part, by their number in it from 0.
enum class Pictures { kAll, kEven, kOdd };

/// The set with these pictures alone and their captions, numbered afresh.
RetrievalSet Select(const RetrievalSet& set, Pictures pictures);

}  // namespace sightline::eval
