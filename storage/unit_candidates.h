// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "base/filter.h"
#include "storage/record_store.h"
#include "storage/row_table.h"
#include "storage/unit_filter_internal.h"
#include "storage/vector_index.h"

/// What searches over rows share: units with their best row, the order of answers, the best k of them, filters.
namespace sightline::storage {

/// A unit with its best score.
struct Candidate {
  float score = 0;
  RowInfo row;           ///< The one that gave the score.
  bool is_exact = true;  ///< Not so from the rows of a sealed segment.
};

/// The order of answers: higher scores first, equal ones by unit id. A unit is there once, so the order is total.
inline bool IsBetter(const Candidate& a, const Candidate& b) {
  if (a.score != b.score) return a.score > b.score;
  return a.row.unit < b.row.unit;
}

Neighbor ToNeighbor(const Candidate& candidate);

/// The k best of all candidates offered, in O(k) memory.
class BestK {
 public:
  explicit BestK(size_t k) : k_(k) {}
  void Offer(const Candidate& candidate);
  /// Best first.
  std::vector<Candidate> Take();

 private:
  size_t k_;
  std::vector<Candidate> heap_;  ///< The worst of them first.
};

/// Errors: kInvalidArgument (length, a value not finite, k == 0).
Status CheckQuery(std::span<const float> query, size_t dim, size_t k);

/// Puts consecutive rows of a unit together and offers each unit once, with its best.
template <typename Offer>
class UnitMerger {
 public:
  explicit UnitMerger(Offer offer) : offer_(std::move(offer)) {}

  size_t units() const { return units_; }

  void Add(const Candidate& row) {
    if (units_ > 0 && best_.row.unit == row.row.unit) {
      if (row.score > best_.score) best_ = row;
      return;
    }
    Finish();
    best_ = row;
    ++units_;
  }
  /// Offers the last unit. Call it once, after the last row.
  void Finish() {
    if (units_ > 0) offer_(best_);
  }

 private:
  Offer offer_;
  Candidate best_;
  size_t units_ = 0;
};

/// Scores every living row that may pass the filter and calls `offer` once per unit with its best. Errors: those of
/// limits.
template <typename Offer>
Status ScoreUnits(const RowTable& table, std::span<const float> query, const UnitFilter& filter, const Limits& limits,
                  SearchStats& stats, Offer offer);

/// The first options.k of `candidates`, whatever their order, whose items pass the filter, best first. Asks for the
/// metadata of the best first and of ever more, as far as the filter needs it. Errors: those of limits and of reading
/// items.
Result<std::vector<Candidate>> FilterInOrder(std::vector<Candidate> candidates, const RecordStore& records,
                                             const SearchOptions& options, const UnitFilter& filter,
                                             SearchStats& stats);

/// Scores the rows of `picked`, in order; `scores` has room for the whole chunk, and those of other rows are undefined.
void ScoreRows(const ChunkView& view, std::span<const float> query, std::span<const uint32_t> picked, float* scores);

template <typename Offer>
Status ScoreUnits(const RowTable& table, std::span<const float> query, const UnitFilter& filter, const Limits& limits,
                  SearchStats& stats, Offer offer) {
  UnitMerger merger(std::move(offer));
  std::vector<float> scores(table.rows_per_chunk);
  std::vector<uint32_t> picked;
  for (const ChunkView& view : table.chunks) {
    SL_RETURN_IF_ERROR(limits.Check("search"));
    if (!filter.MayHave(view.lowest, view.highest)) continue;
    picked.clear();
    for (uint32_t i = 0; i < view.used; ++i) {
      if (!view.IsDead(i) && filter.Allows(view.chunk->info(i))) picked.push_back(i);
    }
    ScoreRows(view, query, picked, scores.data());
    for (const uint32_t i : picked) merger.Add({scores[i], view.chunk->info(i)});
    stats.vectors_scanned += picked.size();
  }
  merger.Finish();
  stats.units_filtered_out += table.live_units - merger.units();
  return {};
}

}  // namespace sightline::storage
