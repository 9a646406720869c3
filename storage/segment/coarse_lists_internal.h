// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <utility>

#include <faiss/Index.h>

#include "storage/segment/link_graph.h"
#include "storage/segment/row_store.h"

namespace sightline::storage {

// Note [Coarse centroids]
// The centroids of the lists are int8 rows like any others; what they decode to is what residuals are taken from, so
// nothing is lost by it. A search then compares a query with 4,096 centroids in the time that fp32 takes for 1,000.
// Above kGraphLists a graph over them is walked instead.

/// Finds the lists nearest to a query, for FAISS. Immutable; searches run concurrently.
class CoarseLists : public faiss::Index {
 public:
  /// More lists than this have a graph.
  static constexpr size_t kGraphLists = 8'192;

  CoarseLists(RowStore centroids, std::optional<LinkGraph> graph);

  const RowStore& centroids() const { return centroids_; }
  const std::optional<LinkGraph>& graph() const { return graph_; }
  size_t memory_bytes() const { return centroids_.size_bytes() + (graph_ ? graph_->memory_bytes() : 0); }

  /// The k lists with the greatest inner products, best first; -1 behind the last.
  void search(idx_t n, const float* x, idx_t k, float* distances, idx_t* labels,
              const faiss::SearchParameters* params) const override;
  void reconstruct(idx_t list, float* centroid) const override {
    centroids_.Read(static_cast<size_t>(list), 1, centroid);
  }
  /// The centroids never change: these throw.
  void add(idx_t, const float*) override;
  void reset() override;

 private:
  void ScanAll(const RowQuery& query, size_t count, std::vector<RowHit>& best) const;

  RowStore centroids_;
  std::optional<LinkGraph> graph_;
};

}  // namespace sightline::storage
