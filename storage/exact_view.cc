// SPDX-License-Identifier: BSD-3-Clause
#include "storage/exact_view.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <faiss/utils/distances.h>

#include "base/guard.h"

namespace sightline::storage {
namespace {

/// A unit with its best score.
struct Candidate {
  float score = 0;
  const RowInfo* row = nullptr;  ///< The one that gave the score.
};

/// The order of answers: higher scores first, equal ones by unit id. A unit is there once, so the order is total.
bool IsBetter(const Candidate& a, const Candidate& b) {
  if (a.score != b.score) return a.score > b.score;
  return a.row->unit < b.row->unit;
}

Neighbor ToNeighbor(const Candidate& candidate) {
  Neighbor neighbor{candidate.row->unit, candidate.score, std::nullopt};
  if (candidate.row->is_frame) neighbor.frame_time_us = candidate.row->frame_time_us;
  return neighbor;
}

/// The k best of all candidates offered, in O(k) memory.
class BestK {
 public:
  explicit BestK(size_t k) : k_(k) {}

  void Offer(const Candidate& candidate) {
    if (heap_.size() == k_) {
      if (!IsBetter(candidate, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), IsBetter);
      heap_.back() = candidate;
    } else {
      heap_.push_back(candidate);
    }
    std::push_heap(heap_.begin(), heap_.end(), IsBetter);
  }

  std::vector<Neighbor> Take() {
    std::sort_heap(heap_.begin(), heap_.end(), IsBetter);
    std::vector<Neighbor> neighbors;
    neighbors.reserve(heap_.size());
    for (const Candidate& candidate : heap_) neighbors.push_back(ToNeighbor(candidate));
    return neighbors;
  }

 private:
  size_t k_;
  std::vector<Candidate> heap_;  ///< The worst of them first.
};

/// Scores every live row of an allowed type and calls `offer` once per unit with its best.
template <typename Offer>
Status ScoreUnits(const RowTable& table, std::span<const float> query, const SearchOptions& options, SearchStats& stats,
                  Offer offer) {
  const std::vector<UnitType>* types = options.filter != nullptr ? &options.filter->types : nullptr;
  const auto is_allowed = [types](UnitType type) {
    return types == nullptr || types->empty() || std::find(types->begin(), types->end(), type) != types->end();
  };
  std::vector<float> scores(table.rows_per_chunk);
  Candidate best;
  for (const ChunkView& view : table.chunks) {
    SL_RETURN_IF_ERROR(options.limits.Check("search"));
    faiss::fvec_inner_products_ny(scores.data(), query.data(), view.chunk->values(), table.dim, view.used);
    for (size_t i = 0; i < view.used; ++i) {
      const RowInfo& row = view.chunk->info(i);
      if (view.IsDead(i)) continue;
      if (!is_allowed(row.type)) {
        if (!row.is_frame) ++stats.units_filtered_out;
        continue;
      }
      ++stats.vectors_scanned;
      if (best.row != nullptr && best.row->unit == row.unit) {
        if (scores[i] > best.score) best = {scores[i], &row};
        continue;
      }
      if (best.row != nullptr) offer(best);
      best = {scores[i], &row};
    }
  }
  if (best.row != nullptr) offer(best);
  return {};
}

bool AsksMetadata(const Filter* filter) {
  return filter != nullptr && (!filter->must.empty() || !filter->should.empty() || !filter->must_not.empty());
}

/// Appends those of `candidates`, which are in order, whose items pass the filter, until there are k.
Status AppendPassing(std::span<const Candidate> candidates, const RecordStore& records, const SearchOptions& options,
                     SearchStats& stats, std::vector<Neighbor>& found) {
  std::vector<ItemId> ids;
  ids.reserve(candidates.size());
  for (const Candidate& candidate : candidates) ids.push_back(candidate.row->item);
  SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(ids));
  for (size_t i = 0; i < candidates.size() && found.size() < options.k; ++i) {
    // An item that is gone was removed after this view was taken: it has no metadata that could match.
    if (items[i] &&
        Matches(*options.filter, candidates[i].row->type, items[i]->paths.front().path, items[i]->metadata)) {
      found.push_back(ToNeighbor(candidates[i]));
    } else {
      ++stats.units_filtered_out;
    }
  }
  return {};
}

/// Asks for the metadata of the best candidates first and of ever more until k of them passed.
Result<std::vector<Neighbor>> FilterInOrder(std::vector<Candidate> candidates, const RecordStore& records,
                                            const SearchOptions& options, SearchStats& stats) {
  constexpr size_t kFirstWindow = 64;
  constexpr size_t kMaxWindow = 4096;
  std::vector<Neighbor> found;
  size_t begin = 0;
  size_t window = std::max(kFirstWindow, std::min(options.k, kMaxWindow / 2) * 2);
  while (begin < candidates.size() && found.size() < options.k) {
    SL_RETURN_IF_ERROR(options.limits.Check("filter"));
    const size_t count = std::min(window, candidates.size() - begin);
    const auto first = candidates.begin() + static_cast<std::ptrdiff_t>(begin);
    std::partial_sort(first, first + static_cast<std::ptrdiff_t>(count), candidates.end(), IsBetter);
    SL_RETURN_IF_ERROR(AppendPassing(std::span(candidates).subspan(begin, count), records, options, stats, found));
    begin += count;
    window = std::min(window * 2, kMaxWindow);
  }
  return found;
}

Status CheckQuery(std::span<const float> query, size_t dim, size_t k) {
  if (query.size() != dim) {
    return Fail(ErrorCode::kInvalidArgument, "a query of " + std::to_string(query.size()) +
                                                 " values; the collection's" + " embeddings have " +
                                                 std::to_string(dim));
  }
  if (!std::all_of(query.begin(), query.end(), [](float x) { return std::isfinite(x); })) {
    return Fail(ErrorCode::kInvalidArgument, "a query with a value that is not finite");
  }
  if (k == 0) return Fail(ErrorCode::kInvalidArgument, "a search for 0 results");
  return {};
}

}  // namespace

Result<std::vector<Neighbor>> ExactView::Search(std::span<const float> query, const SearchOptions& options,
                                                SearchStats* stats) const {
  SL_RETURN_IF_ERROR(CheckQuery(query, table_.dim, options.k));
  return Guard("search", [&]() -> Result<std::vector<Neighbor>> {
    SearchStats counted;
    SearchStats& counts = stats != nullptr ? *stats : counted;
    counts = {};
    if (!AsksMetadata(options.filter)) {
      BestK best(options.k);
      SL_RETURN_IF_ERROR(
          ScoreUnits(table_, query, options, counts, [&best](const Candidate& unit) { best.Offer(unit); }));
      return best.Take();
    }
    std::vector<Candidate> candidates;
    SL_RETURN_IF_ERROR(ScoreUnits(table_, query, options, counts,
                                  [&candidates](const Candidate& unit) { candidates.push_back(unit); }));
    return FilterInOrder(std::move(candidates), *records_, options, counts);
  });
}

}  // namespace sightline::storage
