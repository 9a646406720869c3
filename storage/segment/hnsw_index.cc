// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/hnsw_index.h"

#include <algorithm>
#include <utility>

namespace sightline::storage {
namespace {

/// With int8 rows of 256 values, 16 links keep a segment within 0.35 of the memory of HNSW32 over fp32.
constexpr uint32_t kDefaultLinks = 16;
constexpr uint32_t kDefaultEf = 64;

}  // namespace

Result<std::unique_ptr<const CandidateIndex>> HnswIndex::Build(const RowStore& rows, const SegmentPlan& plan) {
  const LinkGraph::Plan graph_plan{
      .links = plan.options.links != 0 ? plan.options.links : kDefaultLinks, .seed = plan.seed, .pause = plan.pause};
  SL_ASSIGN_OR_RETURN(LinkGraph graph, LinkGraph::Build(rows, graph_plan));
  return std::make_unique<HnswIndex>(rows, std::move(graph), plan.options.ef_search);
}

Result<std::unique_ptr<const CandidateIndex>> HnswIndex::Load(SegmentFileReader& file, const RowStore& rows) {
  SL_ASSIGN_OR_RETURN(LinkGraph graph, LinkGraph::Load(file, LinkGraph::kRowTags, rows.rows()));
  return std::make_unique<HnswIndex>(rows, std::move(graph), file.head().options.ef_search);
}

Status HnswIndex::Find(std::span<const float> query, const SegmentSearch& search, std::vector<RowHit>& hits,
                       SegmentStats& stats) const {
  RowQuery prepared;
  rows_.Prepare(query, prepared);
  const uint32_t asked = search.ef_search != 0 ? search.ef_search : ef_search_;
  const size_t ef = std::max<size_t>(asked != 0 ? asked : kDefaultEf, search.fetch);
  return graph_.Search(rows_, prepared, {.ef = ef, .selector = search.selector, .limits = search.limits}, hits, stats);
}

}  // namespace sightline::storage
