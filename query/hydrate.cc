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
    Candidate& candidate = state.candidates[i];
    Hit hit;
    static_cast<Moment&>(hit) = candidate;
    hit.item = candidate.item;
    hit.type = candidate.type;
    hit.path = items[i]->paths.empty() ? std::string() : items[i]->paths[0].path;
    hit.metadata = items[i]->metadata;
    hit.moments = std::move(candidate.moments);
    state.answer.hits.push_back(std::move(hit));
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
