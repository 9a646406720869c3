// SPDX-License-Identifier: BSD-3-Clause
#include "eval/exact_neighbors.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <latch>

#include "base/worker_pool.h"
#include "eval/unit_walk.h"

namespace sightline::eval {
namespace {

constexpr size_t kRowsPerBlock = 1024;
// Queries whose scores are computed together: their sums stay in the fastest cache.
constexpr size_t kQueriesPerStrip = 64;

/// Some queries, with their values side by side, so that one value of a row meets all of them at once.
class Strip {
 public:
  Strip(std::span<const Embedding* const> queries, size_t dim, size_t k)
      : count_(queries.size()), k_(k), columns_(dim * queries.size()), best_(queries.size()) {
    for (size_t q = 0; q < count_; ++q) {
      for (size_t d = 0; d < dim; ++d) columns_[d * count_ + q] = (*queries[q])[d];
    }
  }

  /// @param rows  of all units, one after the other.   @param unit_rows  how many rows each unit has.
  void Meet(const std::vector<float>& rows, const std::vector<uint32_t>& unit_rows, size_t dim) {
    std::vector<float> scores(count_);
    std::vector<float> unit_best(count_);
    const float* row = rows.data();
    for (const uint32_t vectors : unit_rows) {
      for (uint32_t v = 0; v < vectors; ++v, row += dim) {
        Score(row, dim, scores);
        for (size_t q = 0; q < count_; ++q) unit_best[q] = v == 0 ? scores[q] : std::max(unit_best[q], scores[q]);
      }
      for (size_t q = 0; q < count_; ++q) Offer(q, unit_best[q]);
    }
  }

  /// Best first.
  std::vector<float> Take(size_t query) {
    std::vector<float>& heap = best_[query];
    std::sort(heap.begin(), heap.end(), std::greater<>());
    return std::move(heap);
  }
  size_t count() const { return count_; }

 private:
  void Score(const float* row, size_t dim, std::vector<float>& scores) const {
    std::fill(scores.begin(), scores.end(), 0.0F);
    float* const sums = scores.data();
    for (size_t d = 0; d < dim; ++d) {
      const float value = row[d];
      const float* const column = &columns_[d * count_];
      for (size_t q = 0; q < count_; ++q) sums[q] += value * column[q];
    }
  }

  void Offer(size_t query, float score) {
    std::vector<float>& heap = best_[query];
    if (heap.size() == k_ && score <= heap.front()) return;
    if (heap.size() == k_) {
      std::pop_heap(heap.begin(), heap.end(), std::greater<>());
      heap.pop_back();
    }
    heap.push_back(score);
    std::push_heap(heap.begin(), heap.end(), std::greater<>());
  }

  size_t count_;
  size_t k_;
  std::vector<float> columns_;
  std::vector<std::vector<float>> best_;  // Heaps, the worst first.
};

/// The rows of some units, in memory.
struct Block {
  std::vector<float> rows;
  std::vector<uint32_t> unit_rows;

  void Add(const storage::UnitRecord& unit) {
    for (const storage::UnitVector& vector : unit.vectors) {
      rows.insert(rows.end(), vector.embedding.begin(), vector.embedding.end());
    }
    unit_rows.push_back(static_cast<uint32_t>(unit.vectors.size()));
  }
  void Clear() {
    rows.clear();
    unit_rows.clear();
  }
};

/// All strips meet a block, on all threads.
void MeetAll(WorkerPool& pool, std::vector<Strip>& strips, const Block& block, size_t dim) {
  std::latch done(static_cast<std::ptrdiff_t>(strips.size()));
  for (Strip& strip : strips) {
    pool.Submit([&strip, &block, &done, dim] {
      strip.Meet(block.rows, block.unit_rows, dim);
      done.count_down();
    });
  }
  done.wait();
}

}  // namespace

Result<ExactScores> FindExactScores(const storage::Collection& collection, std::span<const Embedding* const> queries,
                                    const ExactSearch& search) {
  const size_t dim = collection.config().dim;
  std::vector<Strip> strips;
  for (auto rest = queries; !rest.empty(); rest = rest.subspan(std::min(kQueriesPerStrip, rest.size()))) {
    strips.emplace_back(rest.first(std::min(kQueriesPerStrip, rest.size())), dim, search.k);
  }
  WorkerPool pool(std::max<size_t>(1, search.threads), strips.size() + 1);
  Block block;
  size_t units = 0;
  SL_RETURN_IF_ERROR(ForEachUnit(collection, search.limits, [&](const storage::UnitRecord& unit) {
    const auto& types = search.types;
    if (!types.empty() && std::find(types.begin(), types.end(), unit.type) == types.end()) return;
    block.Add(unit);
    ++units;
    if (block.unit_rows.size() < kRowsPerBlock) return;
    MeetAll(pool, strips, block, dim);
    block.Clear();
    if (search.on_progress) search.on_progress(units);
  }));
  MeetAll(pool, strips, block, dim);
  ExactScores scores;
  for (Strip& strip : strips) {
    for (size_t q = 0; q < strip.count(); ++q) scores.push_back(strip.Take(q));
  }
  return scores;
}

}  // namespace sightline::eval
