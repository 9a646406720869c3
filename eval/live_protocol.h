// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "eval/gallery.h"
#include "eval/metrics.h"
#include "eval/retrieval_set.h"
#include "query/searcher.h"

namespace sightline::eval {

/// What is asked and what is found. Videos count as pictures.
enum class Direction { kTextToImage, kImageToText };

/// What one query of the set came to. Ranks are 0-based and those of the best right answer; kNotRanked: it was not
/// among the hits.
struct QueryOutcome {
  size_t asked = 0;  ///< Index of the caption, or of the picture, in the set.
  size_t image = 0;  ///< Index of the picture that it belongs to: the captions of one picture are not independent.
  size_t coarse_rank = kNotRanked;  ///< Hits in order of coarse score.
  size_t rank = kNotRanked;         ///< Hits in the order that `search` shows.
  size_t logit_rank = kNotRanked;   ///< The reranked hits in order of the match logit, then the others.
  /// Match probability of the first hit shown; absent: it was not reranked.
  std::optional<double> first_probability = std::nullopt;
  bool first_right = false;  ///< The first hit shown is a right answer.
  double ms = 0;             ///< The Searcher call that answered it: with `batch` 1 its latency.
  size_t reranked = 0;       ///< Candidates that the fusion encoder scored.

  friend bool operator==(const QueryOutcome&, const QueryOutcome&) = default;
};

struct LiveOptions {
  Direction direction = Direction::kTextToImage;
  size_t rerank_depth = 64;
  size_t batch = 32;  ///< Queries per Searcher call.
  std::stop_token stop = {};
  std::function<void(size_t done, size_t total)> on_progress = {};  ///< May be empty.
  /// Hits that a query asks for, up to 1000; 0: the whole gallery, up to 1000. An approximate index looks further the
  /// more it is asked for, so what users get from it shows with as many as they ask for.
  size_t top_k = 0;
  size_t from = 0;  ///< Captions, or pictures, before this one of the set are not asked.
  /// Called after each Searcher call with what it came to; may be empty. An error ends the run.
  std::function<Status(std::span<const QueryOutcome>)> on_outcomes = {};
};

/// Metrics of what users get. Everything in a gallery of up to 1000 has a rank; in a larger one, what is beyond the
/// first 1000 hits has none, and nothing has that is beyond the first `top_k`.
struct LiveReport {
  RankMetrics coarse;       ///< Hits in order of coarse score.
  RankMetrics rank_score;   ///< Hits in the order that `search` shows.
  RankMetrics match_logit;  ///< The reranked hits in order of the match logit alone: the paper's protocol.
  size_t queries = 0;
  size_t skipped = 0;  ///< Those that cannot be asked: missing, or with nothing in the gallery that would be right.
  double seconds = 0;  ///< Of searching alone.
  std::vector<QueryOutcome> outcomes = {};  ///< Of each query, in order of the set.
};

/// Sends the set through `searcher` in one direction. Text to picture: every caption is searched as words among image
/// and clip units; its picture is right. Picture to text: every picture is searched as an item among text units; each
/// of its captions is right, the best of them counts (x2vlm-spec section 9.3).
/// Errors: kInvalidArgument (a depth above 1024), kUnavailable (a search was degraded: its ranks would not be those of
/// the depth), kCancelled, those of on_outcomes, and the searcher's, except that a caption without words is skipped.
Result<LiveReport> RunLiveProtocol(const query::Searcher& searcher, const RetrievalSet& set, const Gallery& gallery,
                                   const LiveOptions& options);

/// What the outcomes of one run come to; `outcomes` may have been kept since an earlier one.
LiveReport ReportOf(std::vector<QueryOutcome> outcomes, size_t skipped, double seconds);

}  // namespace sightline::eval
