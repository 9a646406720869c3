// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "query/search_state.h"
#include "query/searcher.h"

namespace sightline::query {

/// Note [Moments]
/// An event that a sentence describes seldom keeps to the windows that a video is cut into, so one event would fill
/// several places of an answer. Clips of one video are neighbours when their windows overlap or lie at most
/// kNeighbourGapUs apart (windows that follow scene cuts leave a gap of a frame). Best first, every hit takes its
/// neighbours on both sides, and theirs, as long as they fit nearly as well as it does:
///   - reranked ones: a match probability of at least kJoinShare of the best one's, and of at least kJoinFloor: what is
///     hardly a match does not grow;
///   - others: a coarse score of at least kJoinCoarseShare of the best one's, which is positive. Cosines of one query
///     lie close together, so the share is large.
/// A reranked clip and one that was not are not comparable and stay apart. The moment keeps unit, scores and best frame
/// of its best clip, so joining never changes what the model said about a hit, nor the order of hits.
inline constexpr int64_t kNeighbourGapUs = 500'000;
inline constexpr double kJoinShare = 0.5;
inline constexpr double kJoinFloor = 0.1;
inline constexpr float kJoinCoarseShare = 0.9F;

/// Joins neighbouring clips (Note [Moments]). @param candidates  best first. @return the same, fewer.
std::vector<Candidate> JoinNeighbours(std::vector<Candidate> candidates);

/// One candidate per video: its best, with the best `group_size` of them as moments; others stay as they are.
/// @param candidates  best first. @return best first.
std::vector<Candidate> GroupByVideo(std::vector<Candidate> candidates, size_t group_size);

/// How many hits are left of `candidates`, in any order, if all neighbours fit alike: no answer has fewer.
size_t FewestHits(std::span<const Candidate> candidates, const SearchRequest& request);

/// Joins and groups the candidates of a state as its request says, then drops what is beyond top_k.
void ShapeHits(SearchState& state);

}  // namespace sightline::query
