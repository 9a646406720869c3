// SPDX-License-Identifier: BSD-3-Clause
#include "query/tokens.h"

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <vector>

#include "query/reencode.h"

namespace sightline::query {
namespace {

bool Reranks(const SearchState& state) { return state.alive() && state.plan.rerank; }

std::vector<UnitId> UnitsToRerank(std::span<const SearchState> states) {
  std::vector<UnitId> units;
  std::unordered_set<UnitId> seen;
  for (const SearchState& state : states) {
    if (!Reranks(state)) continue;
    const size_t depth = std::min(state.request->rerank_depth, state.candidates.size());
    for (const Candidate& candidate : std::span(state.candidates).first(depth)) {
      const bool is_paired = PairingOf(*state.request, candidate.type) != Pairing::kNone;
      if (is_paired && seen.insert(candidate.unit).second) units.push_back(candidate.unit);
    }
  }
  return units;
}

// The batch shares the work, so it goes on while anybody still waits for it. A stop is only taken from a batch of one:
// each request's own is checked again before it is reranked.
Limits SharedLimits(std::span<const SearchState> states) {
  Limits shared;
  shared.deadline = std::chrono::steady_clock::time_point::min();
  size_t users = 0;
  for (const SearchState& state : states) {
    if (!Reranks(state)) continue;
    shared.deadline = std::max(shared.deadline, state.request->limits.deadline);
    shared.stop = state.request->limits.stop;
    ++users;
  }
  if (users != 1) shared.stop = {};
  return shared;
}

Result<TokenTable> ReadStored(std::span<const UnitId> units, const storage::RecordStore& records) {
  TokenTable table;
  SL_ASSIGN_OR_RETURN(auto matrices, records.GetTokens(units));
  for (size_t i = 0; i < units.size(); ++i) {
    if (matrices[i]) table.emplace(units[i], *std::move(matrices[i]));
  }
  return table;
}

}  // namespace

TokenTable LoadTokens(std::span<SearchState> states, const storage::Collection& collection, encoder::Encoder& encoder) {
  const std::vector<UnitId> units = UnitsToRerank(states);
  if (units.empty()) return {};
  auto table = collection.config().patch_storage == storage::PatchStorage::kNone
                   ? ReencodeTokens(units, collection.records(), encoder, SharedLimits(states))
                   : ReadStored(units, collection.records());
  if (table) return *std::move(table);
  for (SearchState& state : states) {
    if (Reranks(state)) state.FailWith(table.error());
  }
  return {};
}

}  // namespace sightline::query
