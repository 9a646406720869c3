// SPDX-License-Identifier: BSD-3-Clause
#include "storage/unit_candidates.h"

#include <cmath>
#include <string>

#include <faiss/utils/distances.h>

namespace sightline::storage {
namespace {

/// Appends those of `candidates`, which are in order, whose items pass the filter, until there are options.k.
Status AppendPassing(std::span<const Candidate> candidates, const RecordStore& records, const SearchOptions& options,
                     const UnitFilter& filter, SearchStats& stats, std::vector<Candidate>& found) {
  std::vector<ItemId> ids;
  for (const Candidate& candidate : candidates) {
    if (!filter.IsSure(candidate.row.item)) ids.push_back(candidate.row.item);
  }
  SL_ASSIGN_OR_RETURN(const auto items, records.GetItems(ids));
  stats.records_read += ids.size();
  // An item that is gone was removed after this view was taken: it has no metadata that could match.
  const auto passes = [&](UnitType type, const std::optional<ItemRecord>& item) {
    return item && Matches(*options.filter, type, item->paths.front().path, item->metadata);
  };
  auto item = items.begin();
  for (const Candidate& candidate : candidates) {
    if (found.size() == options.k) break;
    if (filter.IsSure(candidate.row.item) || passes(candidate.row.type, *item++)) {
      found.push_back(candidate);
    } else {
      ++stats.units_filtered_out;
    }
  }
  return {};
}

}  // namespace

Neighbor ToNeighbor(const Candidate& candidate) {
  Neighbor neighbor{candidate.row.unit, candidate.score, std::nullopt};
  if (candidate.row.is_frame) neighbor.frame_time_us = candidate.row.frame_time_us;
  return neighbor;
}

void BestK::Offer(const Candidate& candidate) {
  if (heap_.size() == k_) {
    if (!IsBetter(candidate, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), IsBetter);
    heap_.back() = candidate;
  } else {
    heap_.push_back(candidate);
  }
  std::push_heap(heap_.begin(), heap_.end(), IsBetter);
}

std::vector<Candidate> BestK::Take() {
  std::sort_heap(heap_.begin(), heap_.end(), IsBetter);
  return std::move(heap_);
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

Result<std::vector<Candidate>> FilterInOrder(std::vector<Candidate> candidates, const RecordStore& records,
                                             const SearchOptions& options, const UnitFilter& filter,
                                             SearchStats& stats) {
  constexpr size_t kFirstWindow = 64;
  constexpr size_t kMaxWindow = 4096;
  std::vector<Candidate> found;
  size_t begin = 0;
  size_t window = std::max(kFirstWindow, std::min(options.k, kMaxWindow / 2) * 2);
  while (begin < candidates.size() && found.size() < options.k) {
    SL_RETURN_IF_ERROR(options.limits.Check("filter"));
    const size_t count = std::min(window, candidates.size() - begin);
    const auto first = candidates.begin() + static_cast<std::ptrdiff_t>(begin);
    std::partial_sort(first, first + static_cast<std::ptrdiff_t>(count), candidates.end(), IsBetter);
    SL_RETURN_IF_ERROR(
        AppendPassing(std::span(candidates).subspan(begin, count), records, options, filter, stats, found));
    begin += count;
    window = std::min(window * 2, kMaxWindow);
  }
  return found;
}

void ScoreRows(const ChunkView& view, std::span<const float> query, std::span<const uint32_t> picked, float* scores) {
  // One call for all runs through memory at full speed, also over rows that nobody asked for.
  constexpr size_t kDenseShare = 4;
  if (picked.size() * kDenseShare >= view.used) {
    faiss::fvec_inner_products_ny(scores, query.data(), view.chunk->values(), query.size(), view.used);
    return;
  }
  for (const uint32_t i : picked) {
    faiss::fvec_inner_products_ny(scores + i, query.data(), view.chunk->row(i).data(), query.size(), 1);
  }
}

}  // namespace sightline::storage
