// SPDX-License-Identifier: BSD-3-Clause
#include "query/coarse.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "query/moments.h"

namespace sightline::query {
namespace {

// Beyond this, more clips of the same few videos are not worth reading.
constexpr size_t kMostCandidates = 20'000;

// How many units the coarse stage will find and drop again.
Result<size_t> UnitsOfQueryItem(const SearchState& state, const storage::RecordStore& records) {
  const std::optional<ItemId>& item = state.request->query.item;
  if (!item) return size_t{0};
  SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(std::span(&*item, 1)));
  return items[0] ? items[0]->units.size() : size_t{0};
}

bool IsJoined(const SearchQuery& query) { return query.text && (query.picture || query.item || query.vector); }

float Cosine(const Embedding& a, const Embedding& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F); }

// The best cosine of one of the unit's vectors with the part of the query that is read against it, as the coarse stage
// would have found it for that alone.
float PairScore(const SearchState& state, const storage::UnitRecord& unit, float coarse_score) {
  if (!IsJoined(state.request->query)) return coarse_score;
  const Embedding& part = unit.type == UnitType::kText ? state.picture_vector : state.words_vector;
  if (part.empty()) return coarse_score;
  float best = -1;
  for (const storage::UnitVector& vector : unit.vectors) best = std::max(best, Cosine(part, vector.embedding));
  return best;
}

// The sampled frame that is nearest to the query, even where the clip's own embedding is nearer than every frame.
std::optional<int64_t> BestFrame(const SearchState& state, const storage::UnitRecord& unit,
                                 const storage::Neighbor& neighbor) {
  if (neighbor.frame_time_us) return neighbor.frame_time_us;
  std::optional<int64_t> best;
  float best_score = 0;
  for (const storage::UnitVector& vector : unit.vectors) {
    if (!vector.frame_time_us) continue;
    const float score = Cosine(state.query_vector, vector.embedding);
    if (best && score <= best_score) continue;
    best = vector.frame_time_us;
    best_score = score;
  }
  return best;
}

Candidate MakeCandidate(const SearchState& state, const storage::UnitRecord& unit, const storage::Neighbor& neighbor) {
  Candidate candidate;
  candidate.unit = unit.id;
  candidate.item = unit.item;
  candidate.type = unit.type;
  candidate.written_at = unit.written_at;
  candidate.range = unit.range;
  candidate.best_frame_us = BestFrame(state, unit, neighbor);
  candidate.clips = unit.type == UnitType::kClip ? 1 : 0;
  candidate.coarse_score = neighbor.score;
  candidate.pair_score = PairScore(state, unit, neighbor.score);
  return candidate;
}

// The best `k` units. Returns whether there are no others.
Result<bool> FindNearest(SearchState& state, const storage::IndexView& view, const storage::RecordStore& records,
                         size_t k) {
  const SearchRequest& request = *state.request;
  SL_RETURN_IF_ERROR(request.limits.Check("search"));
  SL_ASSIGN_OR_RETURN(const size_t own_units, UnitsOfQueryItem(state, records));
  const storage::SearchOptions options = {
      .k = k + own_units,
      .filter = state.plan.filter.empty() ? nullptr : &state.plan.filter,
      .limits = request.limits,
      .parameters = request.index,
  };
  storage::SearchStats& stats = state.answer.coarse;
  SL_ASSIGN_OR_RETURN(const auto neighbors, view.Search(state.query_vector, options, &stats));
  state.answer.coarse_k = options.k;
  ++state.answer.coarse_rounds;
  state.answer.searched = view.unit_count() - std::min(view.unit_count(), stats.units_filtered_out);
  std::vector<UnitId> ids;
  for (const storage::Neighbor& neighbor : neighbors) ids.push_back(neighbor.unit);
  SL_ASSIGN_OR_RETURN(const auto units, records.GetUnits(ids));
  state.candidates.clear();
  for (size_t i = 0; i < neighbors.size() && state.candidates.size() < k; ++i) {
    if (!units[i] || units[i]->item == request.query.item) continue;
    state.candidates.push_back(MakeCandidate(state, *units[i], neighbors[i]));
  }
  return neighbors.size() < options.k;
}

// Whether top_k hits will be left. What was not reranked cannot pass min_match, so there more would not help.
bool HasEnough(const SearchState& state) {
  return state.request->min_match || FewestHits(state.candidates, *state.request) >= state.request->top_k;
}

Status FindFor(SearchState& state, const std::shared_ptr<const storage::IndexView>& newest,
               const storage::RecordStore& records) {
  state.answer.view = state.request->view ? state.request->view : newest;
  const storage::IndexView& view = *state.answer.view;
  size_t k = state.plan.coarse_k;
  for (;;) {
    SL_ASSIGN_OR_RETURN(const bool found_all, FindNearest(state, view, records, k));
    if (found_all || k >= kMostCandidates || HasEnough(state)) break;
    k = std::min(k * 4, kMostCandidates);
  }
  state.answer.epoch = view.epoch();
  state.answer.candidates = state.candidates.size();
  return {};
}

}  // namespace

void FindCandidates(std::span<SearchState> states, const std::shared_ptr<const storage::IndexView>& newest,
                    const storage::RecordStore& records) {
  for (SearchState& state : states) {
    if (!state.alive()) continue;
    if (Status status = FindFor(state, newest, records); !status) state.FailWith(std::move(status).error());
  }
}

}  // namespace sightline::query
