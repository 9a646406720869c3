// SPDX-License-Identifier: BSD-3-Clause
#include "query/rerank.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "query/chunk_reader.h"
#include "query/early_stop.h"

namespace sightline::query {
namespace {

// Candidates whose tokens are not there.
using MissingCounts = std::unordered_map<SearchState*, size_t>;

// A run of a chunk: candidates of one state and one pairing, and where their requests stand in the Match call. Words
// are one request with many patch matrices, a picture is one request per text, all with the same patch matrix.
struct MatchJob {
  SearchState* state;
  Pairing pairing;
  const TokenMatrix* query_patches;
  std::vector<Candidate*> candidates = {};
  std::vector<const TokenMatrix*> tokens = {};  // Of the candidates.
  size_t first_request = 0;
};

bool Reranks(const SearchState& state) { return state.alive() && state.plan.rerank; }

// What can be scored of a chunk. What lacks its tokens is counted.
std::vector<MatchJob> JobsOf(const RerankChunk& chunk, const LoadedTokens& loaded, MissingCounts& missing) {
  std::vector<MatchJob> jobs;
  for (const RerankPair& pair : chunk) {
    if (!Reranks(*pair.state)) continue;
    const auto found = loaded.table.find(pair.candidate->unit);
    if (found == loaded.table.end()) {
      ++missing[pair.state];
      continue;
    }
    if (jobs.empty() || jobs.back().state != pair.state || jobs.back().pairing != pair.pairing) {
      jobs.push_back({.state = pair.state, .pairing = pair.pairing, .query_patches = &pair.state->patches});
    }
    jobs.back().candidates.push_back(pair.candidate);
    jobs.back().tokens.push_back(found->second.get());
    if (loaded.cached.contains(pair.candidate->unit)) ++pair.state->answer.patches_cached;
  }
  return jobs;
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

void GiveUp(SearchState& state) {
  state.plan.rerank = false;
  const size_t reranked = state.answer.reranked;
  state.Degrade(reranked == 0 ? "the deadline passed before reranking: hits are in order of coarse score"
                              : "the deadline passed while reranking: only the first " + std::to_string(reranked) +
                                    " candidates were read against the query");
}

void Absorb(MatchJob& job, const Result<std::vector<float>>& logits, const encoder::Calibration& calibration) {
  SearchState& state = *job.state;
  if (!Reranks(state)) return;
  if (!logits) {
    if (logits.error().code != ErrorCode::kDeadlineExceeded) return state.FailWith(logits.error());
    return GiveUp(state);
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

void MatchAll(std::vector<MatchJob> jobs, encoder::Encoder& encoder, const encoder::Calibration& calibration) {
  if (jobs.empty()) return;
  std::vector<encoder::MatchRequest> requests;
  for (MatchJob& job : jobs) AddRequestsOf(job, requests);
  const std::vector<Result<std::vector<float>>> results = encoder.Match(requests);
  for (MatchJob& job : jobs) Absorb(job, LogitsOf(job, results), calibration);
}

void FailAll(const RerankChunk& chunk, const Error& error) {
  for (const RerankPair& pair : chunk) {
    if (Reranks(*pair.state)) pair.state->FailWith(error);
  }
}

void TellMissing(const MissingCounts& missing) {
  for (const auto& [state, count] : missing) {
    const size_t depth = std::min(state->request->rerank_depth, state->candidates.size());
    state->Degrade(std::to_string(count) + " of " + std::to_string(depth) +
                   " candidates could not be reranked: what the model reads of them is not available");
  }
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
  GiveUp(state);
}

void Rerank(std::span<SearchState> states, const TokenSource& source, const encoder::Calibration& calibration,
            Stopwatch& watch, StageTimings& timings) {
  const std::vector<RerankChunk> chunks = SplitToRerank(states);
  if (chunks.empty()) return;
  ChunkReader reader(chunks, source);
  EarlyStop early_stop(chunks, calibration.coarse_weight);
  MissingCounts missing;
  for (const RerankChunk& chunk : chunks) {
    if (std::none_of(states.begin(), states.end(), Reranks)) break;
    const Result<LoadedTokens> loaded = reader.Next();
    timings.patches_ms += watch.LapMs();
    for (SearchState& state : states) GiveUpRerankWhenLate(state);
    if (std::none_of(states.begin(), states.end(), Reranks)) break;
    if (loaded) {
      MatchAll(JobsOf(chunk, *loaded, missing), source.encoder, calibration);
    } else {
      FailAll(chunk, loaded.error());
    }
    for (const SearchState* settled : early_stop.Look(chunk)) reader.Drop(*settled);
    timings.rerank_ms += watch.LapMs();
  }
  TellMissing(missing);
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
