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

/// What is asked and what is found. Videos count as pictures.
enum class Direction { kTextToImage, kImageToText };

struct LiveOptions {
  Direction direction = Direction::kTextToImage;
  size_t rerank_depth = 64;
  size_t batch = 32;  ///< Queries per Searcher call.
  std::stop_token stop = {};
  std::function<void(size_t done, size_t total)> on_progress = {};  ///< May be empty.
};

/// Metrics of what users get. Everything in a gallery of up to 1000 has a rank; in a larger one, what is beyond the
/// first 1000 hits has none.
struct LiveReport {
  RankMetrics coarse;       ///< Hits in order of coarse score.
  RankMetrics rank_score;   ///< Hits in the order that `search` shows.
  RankMetrics match_logit;  ///< The reranked hits in order of the match logit alone: the paper's protocol.
  size_t queries = 0;
  size_t skipped = 0;  ///< Those that cannot be asked: missing, or with nothing in the gallery that would be right.
  double seconds = 0;  ///< Of searching alone.
};

/// Sends the set through `searcher` in one direction. Text to picture: every caption is searched as words among image
/// and clip units; its picture is right. Picture to text: every picture is searched as an item among text units; each
/// of its captions is right, the best of them counts (x2vlm-spec section 9.3).
/// Errors: kInvalidArgument (a depth above 1024), kCancelled, and the searcher's, except that a caption without words
/// is skipped.
Result<LiveReport> RunLiveProtocol(const query::Searcher& searcher, const RetrievalSet& set, const Gallery& gallery,
                                   const LiveOptions& options);

}  // namespace sightline::eval
