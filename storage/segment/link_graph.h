// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "storage/segment/big_buffer.h"
#include "storage/segment/row_store.h"
#include "storage/segment/sealed_segment.h"
#include "storage/segment/segment_file.h"
#include "storage/segment/visited_rows.h"

namespace sightline::storage {

// Note [Graph search]
// FAISS builds the graph (faiss::HNSW, over our rows); we keep its links in arrays without gaps and walk them
// ourselves: the rows of all neighbours of a node are asked for before the first is scored, which is most of the speed
// when the rows do not fit the caches, no table of all rows is cleared per search, and a selector does not end the
// search early: rows that it refuses are walked through but not counted.
//
// Texts lie apart from pictures: the best rows for a text may lie in several places, with worse rows between them, and
// a walk from one entry point stays in one of them (500 pictures among 99,500 other rows: half of the first ten were
// lost). So a search also scores a sample of all rows, the entries, climbs from the best of these as far as each leads,
// one by one, and only then goes on from all that it has seen, best first. See also Note [Rows that nothing leads to].

/// A hierarchical navigable small world (Malkov, Yashunin 2016) over the rows of a RowStore. Immutable; searches run
/// concurrently.
class LinkGraph {
 public:
  struct Plan {
    uint32_t links = 16;             ///< Per row on the upper levels (M); twice as many on the lowest.
    uint32_t ef_construction = 100;  ///< Candidates kept while the links of a row are chosen.
    uint64_t seed = 1;
    std::function<Status()> pause{};  ///< As SegmentPlan::pause.
  };
  struct SearchPlan {
    size_t ef = 64;                         ///< Rows that the search keeps.
    const RowSelector* selector = nullptr;  ///< As SegmentSearch::selector.
    Limits limits{};
  };

  /// The sections that a graph is stored in.
  struct Tags {
    std::string_view head, lowest, upper;
  };
  static constexpr Tags kRowTags{"GRPH", "LNK0", "LNKU"};
  static constexpr Tags kCentroidTags{"CGRP", "CLN0", "CLNU"};

  /// Uses as many threads as OpenMP would in the calling thread. With one thread equal plans give equal graphs.
  /// `rows` has at least one row. Errors: those of `pause`.
  static Result<LinkGraph> Build(const RowStore& rows, const Plan& plan);
  /// Errors: kCorruption, kUnavailable.
  static Result<LinkGraph> Load(SegmentFileReader& file, const Tags& tags, size_t rows);
  void AppendSections(SectionList& sections, const Tags& tags) const;

  size_t memory_bytes() const;

  /// The best plan.ef allowed rows that a walk finds, appended in no order, scored. `rows` is what the graph was built
  /// over. Errors: those of limits.
  Status Search(const RowStore& rows, const RowQuery& query, const SearchPlan& plan, std::vector<RowHit>& hits,
                SegmentStats& stats) const;

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};

  /// The rows that are on a level above the lowest.
  struct Level {
    std::vector<uint32_t> nodes;  ///< Ascending.
    std::vector<uint32_t> links;  ///< `links_` per node, kNone behind the last.
  };
  class Builder;
  class Refiner;
  struct Walk;

  std::span<const uint32_t> LowestLinks(uint32_t row) const {
    return {lowest_.as<uint32_t>() + size_t{row} * 2 * links_, 2 * size_t{links_}};
  }
  /// Empty when the row is not on the level.
  std::span<const uint32_t> UpperLinks(const Level& level, uint32_t row) const;
  RowHit Descend(const RowStore& rows, const RowQuery& query, SegmentStats& stats) const;
  bool IsWithin(size_t rows) const;
  void ChooseEntries();
  void ClimbFromEntries(Walk& walk, SegmentStats& stats) const;
  Status Refine(const RowStore& rows, const Plan& plan);

  uint32_t links_ = 0;
  uint32_t entry_ = 0;
  BigBuffer lowest_;
  std::vector<Level> upper_;       ///< From the second lowest up.
  std::vector<uint32_t> entries_;  ///< Follow from the levels; scored by every search.
  size_t starts_ = 0;              ///< Follows from the number of rows.
  mutable VisitedPool visited_;    ///< A cache: not part of what the graph is.
};

}  // namespace sightline::storage
