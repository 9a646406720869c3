// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "base/filter.h"
#include "storage/record_store.h"
#include "storage/row_table.h"
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

/// Whether the filter lets units of this type through. `filter` may be null.
inline bool AllowsType(const Filter* filter, UnitType type) {
  return filter == nullptr || filter->types.empty() ||
         std::find(filter->types.begin(), filter->types.end(), type) != filter->types.end();
}
/// Whether it cannot be decided from the rows. `filter` may be null.
bool AsksMetadata(const Filter* filter);

/// Scores every living row of an allowed type and calls `offer` once per unit with its best. Errors: those of limits.
template <typename Offer>
Status ScoreUnits(const RowTable& table, std::span<const float> query, const SearchOptions& options, SearchStats& stats,
                  Offer offer);

/// The first options.k of `candidates`, whatever their order, whose items pass the filter, best first. Asks for the
/// metadata of the best first and of ever more. Errors: those of limits and of reading items.
Result<std::vector<Candidate>> FilterInOrder(std::vector<Candidate> candidates, const RecordStore& records,
                                             const SearchOptions& options, SearchStats& stats);

/// Scores of the first `count` rows of a chunk.
void ScoreRows(const RowChunk& chunk, size_t count, std::span<const float> query, float* scores);

template <typename Offer>
Status ScoreUnits(const RowTable& table, std::span<const float> query, const SearchOptions& options, SearchStats& stats,
                  Offer offer) {
  std::vector<float> scores(table.rows_per_chunk);
  Candidate best;
  bool has_best = false;
  for (const ChunkView& view : table.chunks) {
    SL_RETURN_IF_ERROR(options.limits.Check("search"));
    ScoreRows(*view.chunk, view.used, query, scores.data());
    for (size_t i = 0; i < view.used; ++i) {
      const RowInfo& row = view.chunk->info(i);
      if (view.IsDead(i)) continue;
      if (!AllowsType(options.filter, row.type)) {
        if (!row.is_frame) ++stats.units_filtered_out;
        continue;
      }
      ++stats.vectors_scanned;
      if (has_best && best.row.unit == row.unit) {
        if (scores[i] > best.score) best = {scores[i], row};
        continue;
      }
      if (has_best) offer(best);
      best = {scores[i], row};
      has_best = true;
    }
  }
  if (has_best) offer(best);
  return {};
}

}  // namespace sightline::storage
