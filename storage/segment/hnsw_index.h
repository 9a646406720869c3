// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>

#include "storage/segment/candidate_index.h"
#include "storage/segment/link_graph.h"

namespace sightline::storage {

/// Candidates by a walk over a graph of the rows. Immutable.
class HnswIndex : public CandidateIndex {
 public:
  /// @param rows  at least one; must outlive the index.   Errors: those of plan.pause.
  static Result<std::unique_ptr<const CandidateIndex>> Build(const RowStore& rows, const SegmentPlan& plan);
  /// Errors: kCorruption, kUnavailable.
  static Result<std::unique_ptr<const CandidateIndex>> Load(SegmentFileReader& file, const RowStore& rows);

  HnswIndex(const RowStore& rows, LinkGraph graph, uint32_t ef_search)
      : rows_(rows), graph_(std::move(graph)), ef_search_(ef_search) {}

  size_t memory_bytes() const override { return graph_.memory_bytes(); }
  void AppendSections(SectionList& sections) const override { graph_.AppendSections(sections, LinkGraph::kRowTags); }
  Status Find(std::span<const float> query, const SegmentSearch& search, std::vector<RowHit>& hits,
              SegmentStats& stats) const override;

 private:
  const RowStore& rows_;
  const LinkGraph graph_;
  const uint32_t ef_search_;  ///< When a search does not say; 0: by default.
};

}  // namespace sightline::storage
