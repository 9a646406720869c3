// SPDX-License-Identifier: BSD-3-Clause
#include "query/rerank.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace sightline::query {
namespace {

// One state's share of the Match call.
struct MatchJob {
  SearchState* state;
  std::vector<Candidate*> candidates;
  std::vector<const TokenMatrix*> patches;
};

MatchJob JobOf(SearchState& state, const PatchTable& table) {
  MatchJob job = {.state = &state, .candidates = {}, .patches = {}};
  const size_t depth = std::min(state.request->rerank_depth, state.candidates.size());
  size_t missing = 0;
  for (Candidate& candidate : std::span(state.candidates).first(depth)) {
    if (!HasPatches(candidate)) continue;
    const auto found = table.find(candidate.unit);
    if (found == table.end()) {
      ++missing;
      continue;
    }
    job.candidates.push_back(&candidate);
    job.patches.push_back(&found->second);
  }
  if (missing > 0) {
    state.Degrade(std::to_string(missing) + " of " + std::to_string(depth) +
                  " candidates could not be reranked: their patches are not available");
  }
  return job;
}

void Absorb(MatchJob& job, const Result<std::vector<float>>& logits, const encoder::Calibration& calibration) {
  SearchState& state = *job.state;
  if (!logits) {
    if (logits.error().code != ErrorCode::kDeadlineExceeded) return state.FailWith(logits.error());
    return state.Degrade("the deadline passed while reranking: hits are in order of coarse score");
  }
  for (size_t i = 0; i < job.candidates.size(); ++i) {
    const float logit = (*logits)[i];
    if (!std::isfinite(logit)) {
      return state.FailWith({ErrorCode::kInternal, "the model's match logit is not a number for unit " +
                                                       std::to_string(job.candidates[i]->unit.value)});
    }
    Candidate& candidate = *job.candidates[i];
    candidate.match_logit = logit;
    candidate.rank_score = calibration.RankScore(logit, candidate.words_score);
    candidate.match_probability = calibration.MatchProbability(*candidate.rank_score);
  }
  state.answer.reranked = job.candidates.size();
}

// Ascending in this key is best first.
auto SortKey(const Candidate& candidate) {
  return std::tuple(candidate.rank_score ? 0 : 1, -candidate.rank_score.value_or(0), -candidate.coarse_score,
                    candidate.unit);
}

}  // namespace

void GiveUpRerankWhenLate(SearchState& state) {
  if (!state.alive() || !state.plan.rerank) return;
  const Status status = state.request->limits.Check("rerank");
  if (status) return;
  if (status.error().code != ErrorCode::kDeadlineExceeded) return state.FailWith(status.error());
  state.plan.rerank = false;
  state.Degrade("the deadline passed before reranking: hits are in order of coarse score");
}

void Rerank(std::span<SearchState> states, encoder::Encoder& encoder, const PatchTable& patches) {
  std::vector<MatchJob> jobs;
  for (SearchState& state : states) {
    if (!state.alive() || !state.plan.rerank) continue;
    if (MatchJob job = JobOf(state, patches); !job.candidates.empty()) jobs.push_back(std::move(job));
  }
  if (jobs.empty()) return;
  std::vector<encoder::MatchRequest> requests;
  for (const MatchJob& job : jobs) {
    requests.push_back(
        {.token_states = &job.state->token_states, .patches = job.patches, .limits = job.state->request->limits});
  }
  const std::vector<Result<std::vector<float>>> logits = encoder.Match(requests);
  for (size_t i = 0; i < jobs.size(); ++i) Absorb(jobs[i], logits[i], encoder.info().calibration);
}

void OrderAndCut(SearchState& state) {
  std::sort(state.candidates.begin(), state.candidates.end(),
            [](const Candidate& a, const Candidate& b) { return SortKey(a) < SortKey(b); });
  if (const std::optional<double> min_match = state.request->min_match) {
    state.answer.below_min_match = static_cast<size_t>(
        std::count_if(state.candidates.begin(), state.candidates.end(), [&](const Candidate& candidate) {
          return candidate.match_probability && *candidate.match_probability < *min_match;
        }));
    std::erase_if(state.candidates,
                  [&](const Candidate& candidate) { return !(candidate.match_probability >= min_match); });
  }
  if (state.candidates.size() > state.request->top_k) state.candidates.resize(state.request->top_k);
}

}  // namespace sightline::query
