// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "encoder/calibration.h"
#include "query/search_state.h"
#include "query/stopwatch.h"
#include "query/tokens.h"

namespace sightline::query {

/// Whether a state's deadline leaves reranking out. Then the state is marked as degraded and reranks no more; a stop
/// request fails it.
void GiveUpRerankWhenLate(SearchState& state);

/// Scores the paired ones of the first `rerank_depth` candidates of every living state that reranks and gives them rank
/// score and match probability (architecture, section 1), in chunks: while the fusion encoder works on one, the tokens
/// of the next are read. A state with a stop margin reads no more once its hits are settled (early_stop.h). A candidate
/// without tokens stays without; a deadline met on the way degrades the answer, which
/// keeps what was scored before. Other failures land in the states. Adds to `timings` the time that was waited for
/// tokens and the time of the encoder.
void Rerank(std::span<SearchState> states, const TokenSource& source, const encoder::Calibration& calibration,
            Stopwatch& watch, StageTimings& timings);

/// Best first: reranked candidates by rank score, then the rest by coarse score; equal ones by unit id. Drops what is
/// below min_match (counted) and what has no probability to compare with it.
void OrderAndHide(SearchState& state);

}  // namespace sightline::query
