// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "query/chunk_reader.h"
#include "query/search_state.h"

namespace sightline::query {

/// Note [Early stopping]
/// Candidates are read best coarse score first, and further down fewer and fewer of them can still get among the hits:
/// the rank score is `match_logit + coarse_weight * coarse_score`, and the second half of it is known before a
/// candidate is read. A search has read enough when the rank score of its last hit, the top_k-th best so far, is above
/// `coarse_weight * coarse_score + stop_margin` of the next candidate. So the margin is the match logit that nothing
/// further down is expected to exceed; `sightline tune` measures on sample queries which one costs no hits. The rule is
/// looked at after every kReadAtATime candidates, for the first time when there are top_k hits. What was read is
/// ordered as ever, what was not comes behind it, and the answer says where reading stopped.
///
/// Clips of one video may become one hit, so of an item only the best candidate counts. A query that joins two things
/// reads all: its candidates come in the order of both, and one of them ranks. So does one that lists the moments of
/// each video, because those further down are in the answer as well.
inline constexpr size_t kReadAtATime = 16;

/// What one search needs of the rule.
struct StopRule {
  size_t top_k = 10;
  double coarse_weight = 0;
  double margin = 0;  ///< Infinite: never.
};

/// A candidate as the rule sees it. Without a rank score: it was not read, or its tokens were not there.
struct RuleCandidate {
  ItemId item;
  double coarse_score = 0;
  std::optional<double> rank_score;
};

/// Whether the hits among the first `read` candidates are settled. @param candidates  best coarse score first; there is
/// one behind those that were read.
bool IsSettled(std::span<const RuleCandidate> candidates, size_t read, const StopRule& rule);

/// How many candidates are read before the rule is looked at again, once `read` of them were.
size_t NextLook(size_t read, size_t top_k);

/// How many of these candidates a search with this rule reads; the scores of the others are not looked at.
size_t StopAt(std::span<const RuleCandidate> candidates, const StopRule& rule);

/// The margin that holds for a search: its own, else the collection's. Absent: it never stops early.
std::optional<double> MarginOf(const SearchRequest& request, const storage::CollectionSettings& settings);

/// Follows the searches of one batch that may stop early. The states must outlive it.
class EarlyStop {
 public:
  EarlyStop(std::span<const RerankChunk> chunks, double coarse_weight);

  /// To be called when a chunk has gone through the fusion encoder. @return the searches that have read enough now; of
  /// each, the answer says so and it reranks no more.
  std::vector<const SearchState*> Look(const RerankChunk& chunk);

 private:
  struct Line {
    std::vector<const Candidate*> candidates;  // That are to be read, in order.
    size_t read = 0;
    size_t next_look = 0;
  };
  bool Settles(const SearchState& state, const Line& line) const;

  const double coarse_weight_;
  std::unordered_map<const SearchState*, Line> lines_;
};

}  // namespace sightline::query
