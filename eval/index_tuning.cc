// SPDX-License-Identifier: BSD-3-Clause
#include "eval/index_tuning.h"

#include <algorithm>
#include <map>
#include <utility>

namespace sightline::eval {
namespace {

// 2^20 lists are the most that an index has; a graph's candidates begin at 16 and end at 16,384.
constexpr size_t kTopListRung = 39;
constexpr size_t kFirstGraphRung = 7;
constexpr size_t kTopGraphRung = 27;
constexpr uint32_t kMostRefine = 64;

/// A place on both ladders. Refine factor 0: the index has none.
struct Place {
  uint32_t refine = 0;
  size_t rung = 0;
  auto operator<=>(const Place&) const = default;
};

class Tuner {
 public:
  Tuner(const IndexShape& shape, double target, const QueryHalves& queries, const MeasureFunction& measure)
      : shape_(shape), target_(target), queries_(queries), measure_(measure) {}

  Result<IndexTuning> Run() {
    IndexTuning tuning;
    SL_ASSIGN_OR_RETURN(tuning.before, HeldOut({}));
    std::vector<Place> frontier;
    for (const double sureness : {kSureness, 0.0}) {
      SL_ASSIGN_OR_RETURN(frontier, Frontier(sureness));
      if (!frontier.empty()) break;
    }
    for (const Place& place : frontier) tuning.frontier.push_back(known_.at(place));
    if (frontier.empty()) {
      SL_ASSIGN_OR_RETURN(tuning.chosen, HeldOut(ParametersAt(Best())));
      tuning.reached = tuning.chosen.recall >= target_;
      return tuning;
    }
    return ClimbFrom(LeastWork(frontier), std::move(tuning));
  }

 private:
  storage::SearchParameters ParametersAt(const Place& place) const {
    storage::SearchParameters parameters;
    if (shape_.has_lists) parameters.probes = LadderValue(place.rung);
    if (shape_.has_lists) parameters.refine_factor = place.refine;
    if (shape_.has_graph) {
      parameters.ef_search = LadderValue(std::min(place.rung + kFirstGraphRung, kTopGraphRung));
    }
    return parameters;
  }

  size_t TopRung() const { return shape_.has_lists ? kTopListRung : kTopGraphRung - kFirstGraphRung; }

  Result<IndexMeasure> At(const Place& place) {
    if (const auto known = known_.find(place); known != known_.end()) return known->second;
    SL_ASSIGN_OR_RETURN(const IndexMeasure measured, measure_(ParametersAt(place), queries_.tuning));
    known_.emplace(place, measured);
    return measured;
  }

  // Twice: what the first pass brings into memory, users have there as well.
  Result<IndexMeasure> HeldOut(const storage::SearchParameters& parameters) const {
    SL_RETURN_IF_ERROR(measure_(parameters, queries_.held_out));
    return measure_(parameters, queries_.held_out);
  }

  Result<bool> Reaches(const Place& place, double sureness) {
    SL_ASSIGN_OR_RETURN(const IndexMeasure measured, At(place));
    return measured.recall - sureness * measured.standard_error >= target_;
  }

  /// Whether a rung looks at no more than the one two below it: all lists are looked at.
  Result<bool> IsSaturated(const Place& place) {
    if (place.rung < 2) return false;
    SL_ASSIGN_OR_RETURN(const IndexMeasure below, At({place.refine, place.rung - 2}));
    SL_ASSIGN_OR_RETURN(const IndexMeasure here, At(place));
    return here.vectors <= below.vectors;
  }

  /// The lowest rung from `first` on that reaches the target; nothing where none does.
  Result<std::optional<size_t>> LowestRung(uint32_t refine, size_t first, double sureness) {
    size_t low = first;  // No rung below it does.
    size_t high = first;
    for (;; high = std::min(high + 2, TopRung())) {
      SL_ASSIGN_OR_RETURN(const bool reaches, Reaches({refine, high}, sureness));
      if (reaches) break;
      SL_ASSIGN_OR_RETURN(const bool saturated, IsSaturated({refine, high}));
      if (saturated || high == TopRung()) return std::optional<size_t>();
      low = high + 1;
    }
    while (low < high) {
      const size_t middle = (low + high) / 2;
      SL_ASSIGN_OR_RETURN(const bool reaches, Reaches({refine, middle}, sureness));
      (reaches ? high : low) = reaches ? middle : middle + 1;
    }
    return std::optional(low);
  }

  Result<std::vector<Place>> Frontier(double sureness) {
    std::vector<Place> frontier;
    size_t first = 0;
    for (uint32_t refine = shape_.has_lists ? kMostRefine : 0;; refine /= 2) {
      SL_ASSIGN_OR_RETURN(const auto rung, LowestRung(refine, first, sureness));
      if (!rung) break;
      frontier.push_back({refine, *rung});
      first = *rung;
      if (refine <= 1) break;
    }
    return frontier;
  }

  double WorkAt(const Place& place) const {
    const IndexMeasure& measured = known_.at(place);
    return measured.vectors + shape_.row_work * measured.rows;
  }

  Place LeastWork(const std::vector<Place>& frontier) const {
    return *std::min_element(frontier.begin(), frontier.end(),
                             [this](const Place& a, const Place& b) { return WorkAt(a) < WorkAt(b); });
  }

  /// Of all that was measured, the best recall, with the least work where several have it.
  Place Best() const {
    return std::min_element(known_.begin(), known_.end(),
                            [this](const auto& a, const auto& b) {
                              return std::pair(-a.second.recall, WorkAt(a.first)) <
                                     std::pair(-b.second.recall, WorkAt(b.first));
                            })
        ->first;
  }

  /// Goes up until the held-out queries reach the target as well.
  Result<IndexTuning> ClimbFrom(Place place, IndexTuning tuning) {
    for (;; ++tuning.climbed) {
      SL_ASSIGN_OR_RETURN(tuning.chosen, HeldOut(ParametersAt(place)));
      tuning.reached = tuning.chosen.recall >= target_;
      if (tuning.reached) return tuning;
      SL_RETURN_IF_ERROR(At(place));
      SL_ASSIGN_OR_RETURN(const bool saturated, IsSaturated(place));
      if (!saturated && place.rung < TopRung()) {
        ++place.rung;
      } else if (shape_.has_lists && place.refine < kMostRefine) {
        place.refine *= 2;
      } else {
        return tuning;
      }
    }
  }

  const IndexShape shape_;
  const double target_;
  const QueryHalves& queries_;
  const MeasureFunction& measure_;
  std::map<Place, IndexMeasure> known_;
};

}  // namespace

IndexShape ShapeOf(const storage::IndexStatus& status) {
  IndexShape shape;
  for (const storage::SegmentStatus& segment : status.segments) {
    switch (segment.kind) {
      case storage::IndexKind::kIvfPq:
        shape.has_lists = true;
        shape.row_work = std::max(shape.row_work, 8.0);
        break;
      case storage::IndexKind::kIvfPqFastScan:
        shape.has_lists = true;
        shape.row_work = std::max(shape.row_work, 40.0);
        break;
      case storage::IndexKind::kHnsw:
        shape.has_graph = true;
        break;
      case storage::IndexKind::kFlat:
      case storage::IndexKind::kAuto:
        break;
    }
  }
  return shape;
}

uint32_t LadderValue(size_t rung) {
  if (rung == 0) return 1;
  return rung % 2 == 1 ? uint32_t{1} << ((rung + 1) / 2) : uint32_t{3} << (rung / 2 - 1);
}

Result<IndexTuning> TuneIndex(const IndexShape& shape, double target, const QueryHalves& queries,
                              const MeasureFunction& measure) {
  if (shape.is_exact()) {
    IndexTuning exact{.is_exact = true, .reached = true, .before = {}, .chosen = {}, .frontier = {}};
    SL_ASSIGN_OR_RETURN(exact.before, measure({}, queries.held_out));
    exact.chosen = exact.before;
    return exact;
  }
  return Tuner(shape, target, queries, measure).Run();
}

}  // namespace sightline::eval
