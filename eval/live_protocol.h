// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

#include "base/result.h"
#include "eval/gallery.h"
#include "eval/metrics.h"
#include "eval/retrieval_set.h"
#include "query/searcher.h"

namespace sightline::eval {

struct LiveOptions {
  size_t rerank_depth = 64;
  size_t batch = 32;  ///< Captions per Searcher call.
  std::stop_token stop = {};
  std::function<void(size_t done, size_t total)> on_progress = {};  ///< May be empty.
};

/// Text-to-picture metrics of what users get. Every picture of a gallery of up to 1000 has a rank; in a larger one,
/// those beyond the first 1000 hits have none.
struct LiveReport {
  RankMetrics coarse;       ///< Hits in order of coarse score.
  RankMetrics rank_score;   ///< Hits in the order that `search` shows.
  RankMetrics match_logit;  ///< The reranked hits in order of the match logit alone: the paper's protocol.
  size_t queries = 0;
  size_t skipped = 0;  ///< Captions of missing pictures, and those that no query can be made of.
  double seconds = 0;  ///< Of searching alone.
};

/// Sends every caption whose picture is in the gallery through `searcher`. Errors: kInvalidArgument (a depth
/// above 1024), kCancelled, and the searcher's, except that a caption without words is skipped.
Result<LiveReport> RunLiveProtocol(const query::Searcher& searcher, const RetrievalSet& set, const Gallery& gallery,
                                   const LiveOptions& options);

}  // namespace sightline::eval
