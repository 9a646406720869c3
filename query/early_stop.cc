// SPDX-License-Identifier: BSD-3-Clause
#include "query/early_stop.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace sightline::query {
namespace {

// The best rank score of every item.
std::vector<double> BestScores(std::span<const RuleCandidate> read) {
  std::unordered_map<ItemId, double> best;
  for (const RuleCandidate& candidate : read) {
    if (!candidate.rank_score) continue;
    const auto [found, is_new] = best.emplace(candidate.item, *candidate.rank_score);
    if (!is_new) found->second = std::max(found->second, *candidate.rank_score);
  }
  std::vector<double> scores;
  scores.reserve(best.size());
  for (const auto& [item, score] : best) scores.push_back(score);
  return scores;
}

bool IsJoined(const SearchQuery& query) { return query.text && (query.picture || query.item || query.vector); }

}  // namespace

bool IsSettled(std::span<const RuleCandidate> candidates, size_t read, const StopRule& rule) {
  std::vector<double> scores = BestScores(candidates.first(read));
  if (scores.size() < rule.top_k) return false;
  const auto last = scores.begin() + static_cast<std::ptrdiff_t>(rule.top_k - 1);
  std::nth_element(scores.begin(), last, scores.end(), std::greater<>());
  return *last > rule.coarse_weight * candidates[read].coarse_score + rule.margin;
}

size_t NextLook(size_t read, size_t top_k) { return read == 0 ? std::max(top_k, kReadAtATime) : kReadAtATime; }

size_t StopAt(std::span<const RuleCandidate> candidates, const StopRule& rule) {
  size_t read = NextLook(0, rule.top_k);
  while (read < candidates.size() && !IsSettled(candidates, read, rule)) read += NextLook(read, rule.top_k);
  return std::min(read, candidates.size());
}

std::optional<double> MarginOf(const SearchRequest& request, const storage::CollectionSettings& settings) {
  const std::optional<double> margin = request.stop_margin ? request.stop_margin : settings.stop_margin;
  if (!margin || !std::isfinite(*margin)) return std::nullopt;
  if (request.stop_after || IsJoined(request.query) || request.group_by != GroupBy::kNone) return std::nullopt;
  return margin;
}

EarlyStop::EarlyStop(std::span<const RerankChunk> chunks, double coarse_weight) : coarse_weight_(coarse_weight) {
  for (const RerankChunk& chunk : chunks) {
    for (const RerankPair& pair : chunk) {
      if (pair.state->stop_margin) lines_[pair.state].candidates.push_back(pair.candidate);
    }
  }
  for (auto& [state, line] : lines_) line.next_look = NextLook(0, state->request->top_k);
}

bool EarlyStop::Settles(const SearchState& state, const Line& line) const {
  if (line.read == line.candidates.size()) return false;
  std::vector<RuleCandidate> candidates;
  candidates.reserve(line.read + 1);
  for (const Candidate* candidate : std::span(line.candidates).first(line.read + 1)) {
    candidates.push_back({candidate->item, candidate->pair_score, candidate->rank_score});
  }
  const size_t top_k = state.request->top_k;
  return IsSettled(candidates, line.read,
                   {.top_k = top_k, .coarse_weight = coarse_weight_, .margin = *state.stop_margin});
}

std::vector<const SearchState*> EarlyStop::Look(const RerankChunk& chunk) {
  std::vector<SearchState*> seen;
  for (const RerankPair& pair : chunk) {
    const auto line = lines_.find(pair.state);
    if (line == lines_.end()) continue;
    ++line->second.read;
    if (seen.empty() || seen.back() != pair.state) seen.push_back(pair.state);
  }
  std::vector<const SearchState*> settled;
  for (SearchState* state : seen) {
    Line& line = lines_.at(state);
    if (line.read < line.next_look) continue;
    line.next_look += NextLook(line.read, state->request->top_k);
    if (!state->alive() || !state->plan.rerank || !Settles(*state, line)) continue;
    state->plan.rerank = false;
    const Candidate* const last = line.candidates[line.read - 1];
    state->answer.stopped_at = static_cast<size_t>(last - state->candidates.data()) + 1;
    settled.push_back(state);
  }
  return settled;
}

}  // namespace sightline::query
