// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segmented_view.h"

#include <algorithm>
#include <unordered_set>

#include <faiss/utils/distances.h>

#include "base/guard.h"
#include "storage/unit_candidates.h"

namespace sightline::storage {
namespace {

/// Lets the living rows through that may pass the filter.
class LivingRows : public RowSelector {
 public:
  LivingRows(const SegmentSlot& slot, const UnitFilter& filter) : slot_(slot), filter_(filter) {}
  bool Allows(uint32_t row) const override {
    return !slot_.dead.Has(row) && (filter_.IsOpen() || filter_.Allows(slot_.segment->Info(row)));
  }
  /// Whether it lets everything through.
  bool IsOpen() const { return slot_.dead.count() == 0 && filter_.IsOpen(); }

 private:
  const SegmentSlot& slot_;
  const UnitFilter& filter_;
};

/// One search over one state.
class ViewSearch {
 public:
  ViewSearch(const IndexState& state, const RocksDbRecordStore& records, std::span<const float> query,
             const SearchOptions& options, const UnitFilter& filter, SearchStats& stats)
      : state_(state), records_(records), query_(query), options_(options), filter_(filter), stats_(stats) {}

  Result<std::vector<Neighbor>> Run() {
    // A few more than asked for: among these the stored embeddings decide.
    const size_t wanted = options_.k + std::max<size_t>(4, options_.k / 4);
    std::vector<Candidate> best;
    if (filter_.AsksRecords()) {
      SL_ASSIGN_OR_RETURN(best, Passing(wanted));
    } else {
      SL_ASSIGN_OR_RETURN(best, Nearest(wanted));
    }
    SL_RETURN_IF_ERROR(ScoreExactly(best));
    std::sort(best.begin(), best.end(), IsBetter);
    if (best.size() > options_.k) best.resize(options_.k);
    std::vector<Neighbor> neighbors(best.size());
    std::transform(best.begin(), best.end(), neighbors.begin(), ToNeighbor);
    return neighbors;
  }

 private:
  /// The nearest units by the rows' scores, best first. Sets complete_: there are no others.
  Result<std::vector<Candidate>> Nearest(size_t wanted) {
    BestK best(wanted);
    complete_ = true;
    for (const auto& slot : state_.slots) {
      SL_RETURN_IF_ERROR(options_.limits.Check("search"));
      SL_RETURN_IF_ERROR(SearchSegment(*slot, wanted, best));
    }
    for (const RowTable* table : {state_.frozen.get(), state_.fresh.get()}) {
      if (table == nullptr) continue;
      SL_RETURN_IF_ERROR(ScoreUnits(*table, query_, filter_, options_.limits, stats_,
                                    [&best](const Candidate& unit) { best.Offer(unit); }));
    }
    auto taken = best.Take();
    complete_ = complete_ && taken.size() < wanted;
    return taken;
  }

  /// Up to `wanted` of the nearest units whose items pass the filter.
  Result<std::vector<Candidate>> Passing(size_t wanted) {
    std::vector<Candidate> passing;
    std::unordered_set<UnitId> seen;
    SearchOptions rest = options_;
    size_t failed = 0;
    for (size_t window = std::max<size_t>(64, 4 * wanted);; window *= 8) {
      stats_.units_filtered_out = 0;
      SL_ASSIGN_OR_RETURN(std::vector<Candidate> nearest, Nearest(window));
      const size_t left_out = stats_.units_filtered_out;
      std::erase_if(nearest, [&seen](const Candidate& unit) { return !seen.insert(unit.row.unit).second; });
      rest.k = wanted - passing.size();
      SL_ASSIGN_OR_RETURN(const auto more, FilterInOrder(std::move(nearest), records_, rest, filter_, stats_));
      failed += stats_.units_filtered_out - left_out;
      stats_.units_filtered_out = left_out + failed;
      passing.insert(passing.end(), more.begin(), more.end());
      if (passing.size() == wanted || complete_) return passing;
    }
  }

  /// Offers the nearest units of one segment: `wanted` of them, or as many as it finds.
  Status SearchSegment(const SegmentSlot& slot, size_t wanted, BestK& best) {
    // Where a good part of the rows is asked for, looking at all of them costs no more and misses none.
    constexpr size_t kScanShare = 4;
    const SealedSegment& segment = *slot.segment;
    const LivingRows selector(slot, filter_);
    // Asking about every code that is looked at costs more than asking about some hits too many.
    const bool passes_later = filter_.MostMayPass();
    if (filter_.few_items() != nullptr) return ScoreFew(slot, selector, best);
    SegmentSearch search{.fetch = wanted,
                         .probes = options_.parameters.probes.value_or(state_.options.probes),
                         .ef_search = options_.parameters.ef_search.value_or(state_.options.ef_search),
                         .refine_factor = options_.parameters.refine_factor.value_or(state_.options.refine_factor),
                         .selector = selector.IsOpen() || passes_later ? nullptr : &selector,
                         .pass_share = filter_.share(),
                         .limits = options_.limits};
    // Several rows of one unit may be near.
    if (segment.rows() > segment.units()) search.fetch *= 2;
    if (passes_later) search.fetch *= 2;
    while (search.fetch < slot.live_rows() / kScanShare) {
      hits_.clear();
      SegmentStats counted;
      SL_RETURN_IF_ERROR(segment.Search(query_, search, hits_, &counted));
      stats_.vectors_scanned += counted.codes_scanned;
      stats_.rows_scored += counted.rows_scored;
      if (TakeUnits(segment, selector, wanted) || (!passes_later && hits_.size() < search.fetch)) {
        for (const Candidate& candidate : found_) best.Offer(candidate);
        complete_ = false;
        return {};
      }
      search.fetch *= 4;
    }
    return ScanSegment(slot, selector, best);
  }

  /// Takes each unit of the hits that the selector allows once into found_. @return whether there are `wanted` units.
  bool TakeUnits(const SealedSegment& segment, const LivingRows& selector, size_t wanted) {
    units_.clear();
    found_.clear();
    for (const RowHit& hit : hits_) {
      if (!selector.Allows(hit.row)) continue;
      const Candidate candidate{hit.score, segment.Info(hit.row), false};
      // Best first: the first row of a unit is its best.
      if (segment.rows() > segment.units() && !units_.insert(candidate.row.unit).second) continue;
      found_.push_back(candidate);
    }
    return found_.size() >= wanted;
  }

  /// Offers the units of the few items that may pass.
  Status ScoreFew(const SegmentSlot& slot, const LivingRows& selector, BestK& best) {
    std::vector<uint32_t> rows;
    for (const uint64_t item : *filter_.few_items()) slot.segment->AppendRowsOf(ItemId{item}, rows);
    std::erase_if(rows, [&selector](uint32_t row) { return !selector.Allows(row); });
    UnitMerger merger([&best](const Candidate& unit) { best.Offer(unit); });
    SL_RETURN_IF_ERROR(ScoreInto(*slot.segment, rows, merger));
    merger.Finish();
    stats_.units_filtered_out += slot.live_units() - merger.units();
    return {};
  }

  /// Scores rows, of which those of a unit are consecutive, in blocks.
  template <typename Merger>
  Status ScoreInto(const SealedSegment& segment, std::span<const uint32_t> rows, Merger& merger) {
    constexpr size_t kBlock = 4096;
    std::vector<float> scores(std::min(rows.size(), kBlock));
    for (; !rows.empty(); rows = rows.subspan(std::min(rows.size(), kBlock))) {
      SL_RETURN_IF_ERROR(options_.limits.Check("search"));
      const auto block = rows.first(std::min(rows.size(), kBlock));
      segment.Score(query_, block, scores.data());
      stats_.vectors_scanned += block.size();
      for (size_t i = 0; i < block.size(); ++i) merger.Add({scores[i], segment.Info(block[i]), false});
    }
    return {};
  }

  /// Offers every unit that the selector allows.
  Status ScanSegment(const SegmentSlot& slot, const LivingRows& selector, BestK& best) {
    std::vector<uint32_t> allowed;
    for (uint32_t row = 0; row < slot.segment->rows(); ++row) {
      if (selector.Allows(row)) allowed.push_back(row);
    }
    UnitMerger merger([&best](const Candidate& unit) { best.Offer(unit); });
    SL_RETURN_IF_ERROR(ScoreInto(*slot.segment, allowed, merger));
    merger.Finish();
    stats_.units_filtered_out += slot.live_units() - merger.units();
    return {};
  }

  /// Scores from the stored embeddings. What was written again since this view was taken keeps the score of its row.
  Status ScoreExactly(std::vector<Candidate>& candidates) {
    std::vector<UnitId> ids;
    std::vector<Candidate*> inexact;
    for (Candidate& candidate : candidates) {
      if (candidate.is_exact) continue;
      ids.push_back(candidate.row.unit);
      inexact.push_back(&candidate);
    }
    if (ids.empty()) return {};
    SL_RETURN_IF_ERROR(options_.limits.Check("search"));
    SL_ASSIGN_OR_RETURN(const auto vectors, records_.GetVectors(ids, state_.epoch));
    for (size_t i = 0; i < inexact.size(); ++i) {
      if (vectors[i]) TakeBestOf(*vectors[i], *inexact[i]);
    }
    return {};
  }

  void TakeBestOf(const std::vector<UnitVector>& vectors, Candidate& candidate) const {
    for (size_t v = 0; v < vectors.size(); ++v) {
      const UnitVector& vector = vectors[v];
      float score = 0;
      faiss::fvec_inner_products_ny(&score, query_.data(), vector.embedding.data(), query_.size(), 1);
      if (v > 0 && score <= candidate.score) continue;
      candidate.score = score;
      candidate.row.is_frame = vector.frame_time_us.has_value();
      candidate.row.frame_time_us = vector.frame_time_us.value_or(0);
    }
    candidate.is_exact = true;
  }

  const IndexState& state_;
  const RocksDbRecordStore& records_;
  const std::span<const float> query_;
  const SearchOptions& options_;
  const UnitFilter& filter_;
  SearchStats& stats_;
  bool complete_ = false;

  // Kept from segment to segment.
  std::vector<RowHit> hits_;
  std::vector<Candidate> found_;
  std::unordered_set<UnitId> units_;
};

}  // namespace

size_t IndexState::live_rows() const {
  size_t rows = fresh->live_rows + (frozen != nullptr ? frozen->live_rows : 0);
  for (const auto& slot : slots) rows += slot->live_rows();
  return rows;
}

size_t IndexState::live_units() const {
  size_t units = fresh->live_units + (frozen != nullptr ? frozen->live_units : 0);
  for (const auto& slot : slots) units += slot->live_units();
  return units;
}

Result<std::vector<Neighbor>> SegmentedView::Search(std::span<const float> query, const SearchOptions& options,
                                                    SearchStats* stats) const {
  SL_RETURN_IF_ERROR(CheckQuery(query, dim_, options.k));
  const SearchGate::Pass pass(*gate_);
  return Guard("search", [&]() -> Result<std::vector<Neighbor>> {
    SearchStats counted;
    SearchStats& counts = stats != nullptr ? *stats : counted;
    counts = {};
    if (options.filter != nullptr) {
      SL_ASSIGN_OR_RETURN(counts.filter, records_->Plan(*options.filter, options.limits));
    }
    const UnitFilter filter(options.filter, counts.filter);
    return ViewSearch(*state_, *records_, query, options, filter, counts).Run();
  });
}

}  // namespace sightline::storage
