// SPDX-License-Identifier: BSD-3-Clause
#include "query/hydrate.h"

#include <utility>
#include <vector>

namespace sightline::query {
namespace {

Status HydrateOne(SearchState& state, const storage::RecordStore& records) {
  std::vector<ItemId> ids;
  for (const Candidate& candidate : state.candidates) ids.push_back(candidate.item);
  SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(ids));
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!items[i]) continue;
    const Candidate& candidate = state.candidates[i];
    state.answer.hits.push_back({.item = candidate.item,
                                 .unit = candidate.unit,
                                 .type = candidate.type,
                                 .path = items[i]->paths.empty() ? std::string() : items[i]->paths[0].path,
                                 .coarse_score = candidate.coarse_score,
                                 .match_logit = candidate.match_logit,
                                 .rank_score = candidate.rank_score,
                                 .match_probability = candidate.match_probability,
                                 .range = candidate.range,
                                 .best_frame_us = candidate.best_frame_us,
                                 .metadata = items[i]->metadata});
  }
  return {};
}

}  // namespace

void Hydrate(std::span<SearchState> states, const storage::RecordStore& records) {
  for (SearchState& state : states) {
    if (!state.alive()) continue;
    if (Status status = HydrateOne(state, records); !status) state.FailWith(std::move(status).error());
  }
}

}  // namespace sightline::query
