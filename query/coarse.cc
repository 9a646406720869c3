// SPDX-License-Identifier: BSD-3-Clause
#include "query/coarse.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace sightline::query {
namespace {

// How many units the coarse stage will find and drop again.
Result<size_t> UnitsOfQueryItem(const SearchState& state, const storage::RecordStore& records) {
  const std::optional<ItemId>& item = state.request->query.item;
  if (!item) return size_t{0};
  SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(std::span(&*item, 1)));
  return items[0] ? items[0]->units.size() : size_t{0};
}

bool IsJoined(const SearchQuery& query) { return query.text && (query.picture || query.item || query.vector); }

// The best cosine of the words with one of the unit's vectors, as the coarse stage would have found it for them alone.
float WordsScore(const SearchState& state, const storage::UnitRecord& unit, float coarse_score) {
  if (!IsJoined(state.request->query)) return coarse_score;
  float best = -1;
  for (const storage::UnitVector& vector : unit.vectors) {
    best = std::max(
        best, std::inner_product(state.words_vector.begin(), state.words_vector.end(), vector.embedding.begin(), 0.0F));
  }
  return best;
}

Status FindFor(SearchState& state, const storage::IndexView& view, const storage::RecordStore& records) {
  const SearchRequest& request = *state.request;
  SL_RETURN_IF_ERROR(request.limits.Check("search"));
  SL_ASSIGN_OR_RETURN(const size_t own_units, UnitsOfQueryItem(state, records));
  const storage::SearchOptions options = {
      .k = state.plan.coarse_k + own_units,
      .filter = request.filter.empty() ? nullptr : &request.filter,
      .limits = request.limits,
  };
  SL_ASSIGN_OR_RETURN(const auto neighbors, view.Search(state.query_vector, options));
  std::vector<UnitId> ids;
  for (const storage::Neighbor& neighbor : neighbors) ids.push_back(neighbor.unit);
  SL_ASSIGN_OR_RETURN(const auto units, records.GetUnits(ids));
  for (size_t i = 0; i < neighbors.size() && state.candidates.size() < state.plan.coarse_k; ++i) {
    if (!units[i] || units[i]->item == request.query.item) continue;
    state.candidates.push_back({.unit = neighbors[i].unit,
                                .item = units[i]->item,
                                .type = units[i]->type,
                                .range = units[i]->range,
                                .best_frame_us = neighbors[i].frame_time_us,
                                .coarse_score = neighbors[i].score,
                                .words_score = WordsScore(state, *units[i], neighbors[i].score)});
  }
  state.answer.epoch = view.epoch();
  state.answer.candidates = state.candidates.size();
  return {};
}

}  // namespace

void FindCandidates(std::span<SearchState> states, const storage::IndexView& view,
                    const storage::RecordStore& records) {
  for (SearchState& state : states) {
    if (!state.alive()) continue;
    if (Status status = FindFor(state, view, records); !status) state.FailWith(std::move(status).error());
  }
}

}  // namespace sightline::query
