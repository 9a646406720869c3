// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <stdexcept>

#include "storage/segment/coarse_lists_internal.h"

namespace sightline::storage {
namespace {

bool IsBetter(const RowHit& a, const RowHit& b) { return a.score != b.score ? a.score > b.score : a.row < b.row; }

}  // namespace

CoarseLists::CoarseLists(RowStore centroids, std::optional<LinkGraph> graph)
    : Index(static_cast<idx_t>(centroids.dim()), faiss::METRIC_INNER_PRODUCT),
      centroids_(std::move(centroids)),
      graph_(std::move(graph)) {
  ntotal = static_cast<idx_t>(centroids_.rows());
  is_trained = true;
}

void CoarseLists::ScanAll(const RowQuery& query, size_t count, std::vector<RowHit>& best) const {
  for (uint32_t list = 0; list < centroids_.rows(); ++list) {
    const RowHit hit{centroids_.Score(query, list), list};
    if (best.size() == count) {
      if (hit.score <= best.front().score) continue;
      std::pop_heap(best.begin(), best.end(), IsBetter);
      best.back() = hit;
    } else {
      best.push_back(hit);
    }
    std::push_heap(best.begin(), best.end(), IsBetter);
  }
}

void CoarseLists::search(idx_t n, const float* x, idx_t k, float* distances, idx_t* labels,
                         const faiss::SearchParameters*) const {
  const auto wanted = static_cast<size_t>(k);
  RowQuery query;
  std::vector<RowHit> best;
  for (idx_t i = 0; i < n; ++i, x += d, distances += k, labels += k) {
    centroids_.Prepare({x, static_cast<size_t>(d)}, query);
    best.clear();
    if (graph_) {
      SegmentStats ignored;
      // Without limits it cannot fail.
      (void)graph_->Search(centroids_, query, {.ef = std::max<size_t>(2 * wanted, 64)}, best, ignored);
    } else {
      ScanAll(query, std::min(wanted, centroids_.rows()), best);
    }
    std::sort(best.begin(), best.end(), IsBetter);
    for (size_t at = 0; at < wanted; ++at) {
      const bool is_there = at < best.size();
      // FAISS scales its tables by all of these, so the missing ones must be of their size.
      distances[at] = is_there ? best[at].score : (best.empty() ? 0 : best.back().score);
      labels[at] = is_there ? static_cast<idx_t>(best[at].row) : -1;
    }
  }
}

void CoarseLists::add(idx_t, const float*) { throw std::logic_error("the centroids of a segment are immutable"); }
void CoarseLists::reset() { throw std::logic_error("the centroids of a segment are immutable"); }

}  // namespace sightline::storage
