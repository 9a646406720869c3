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

// One state's candidates of one pairing, and where their requests stand in the Match call. Words are one request with
// many patch matrices, a picture is one request per text, all with the same patch matrix.
struct MatchJob {
  SearchState* state;
  Pairing pairing;
  std::vector<Candidate*> candidates = {};
  std::vector<const TokenMatrix*> tokens = {};  // Of the candidates.
  const TokenMatrix* query_patches = nullptr;
  size_t first_request = 0;
};

// Collects what can be scored; counts what lacks its tokens.
size_t FillJob(MatchJob& job, std::span<Candidate> candidates, const TokenTable& table) {
  size_t missing = 0;
  for (Candidate& candidate : candidates) {
    if (PairingOf(*job.state->request, candidate.type) != job.pairing) continue;
    const auto found = table.find(candidate.unit);
    if (found == table.end()) {
      ++missing;
      continue;
    }
    job.candidates.push_back(&candidate);
    job.tokens.push_back(&found->second);
  }
  return missing;
}

void AddJobsOf(SearchState& state, const TokenTable& table, std::vector<MatchJob>& jobs) {
  const size_t depth = std::min(state.request->rerank_depth, state.candidates.size());
  size_t missing = 0;
  for (const Pairing pairing : {Pairing::kWords, Pairing::kPicture}) {
    MatchJob job = {.state = &state, .pairing = pairing, .query_patches = &state.patches};
    missing += FillJob(job, std::span(state.candidates).first(depth), table);
    if (!job.candidates.empty()) jobs.push_back(std::move(job));
  }
  if (missing > 0) {
    state.Degrade(std::to_string(missing) + " of " + std::to_string(depth) +
                  " candidates could not be reranked: what the model reads of them is not available");
  }
}

// The requests point into the job, which must stay where it is.
void AddRequestsOf(MatchJob& job, std::vector<encoder::MatchRequest>& requests) {
  job.first_request = requests.size();
  const Limits& limits = job.state->request->limits;
  if (job.pairing == Pairing::kWords) {
    requests.push_back({.token_states = &job.state->token_states, .patches = job.tokens, .limits = limits});
    return;
  }
  for (const TokenMatrix* text : job.tokens) {
    requests.push_back({.token_states = text, .patches = std::span(&job.query_patches, 1), .limits = limits});
  }
}

// One logit per candidate, or the first error.
Result<std::vector<float>> LogitsOf(const MatchJob& job, std::span<const Result<std::vector<float>>> results) {
  std::vector<float> logits;
  const size_t count = job.pairing == Pairing::kWords ? 1 : job.candidates.size();
  for (const Result<std::vector<float>>& result : results.subspan(job.first_request, count)) {
    if (!result) return tl::unexpected<Error>(result.error());
    logits.insert(logits.end(), result->begin(), result->end());
  }
  return logits;
}

void Absorb(MatchJob& job, const Result<std::vector<float>>& logits, const encoder::Calibration& calibration) {
  SearchState& state = *job.state;
  if (!state.alive()) return;
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
    candidate.rank_score = calibration.RankScore(logit, candidate.pair_score);
    candidate.match_probability = calibration.MatchProbability(*candidate.rank_score);
  }
  state.answer.reranked += job.candidates.size();
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

void Rerank(std::span<SearchState> states, encoder::Encoder& encoder, const TokenTable& tokens) {
  std::vector<MatchJob> jobs;
  for (SearchState& state : states) {
    if (state.alive() && state.plan.rerank) AddJobsOf(state, tokens, jobs);
  }
  if (jobs.empty()) return;
  std::vector<encoder::MatchRequest> requests;
  for (MatchJob& job : jobs) AddRequestsOf(job, requests);
  const std::vector<Result<std::vector<float>>> results = encoder.Match(requests);
  for (MatchJob& job : jobs) Absorb(job, LogitsOf(job, results), encoder.info().calibration);
}

void OrderAndHide(SearchState& state) {
  std::sort(state.candidates.begin(), state.candidates.end(),
            [](const Candidate& a, const Candidate& b) { return SortKey(a) < SortKey(b); });
  const std::optional<double> min_match = state.request->min_match;
  if (!min_match) return;
  state.answer.below_min_match = static_cast<size_t>(
      std::count_if(state.candidates.begin(), state.candidates.end(), [&](const Candidate& candidate) {
        return candidate.match_probability && *candidate.match_probability < *min_match;
      }));
  std::erase_if(state.candidates,
                [&](const Candidate& candidate) { return !(candidate.match_probability >= min_match); });
}

}  // namespace sightline::query
