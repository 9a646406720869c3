// SPDX-License-Identifier: BSD-3-Clause
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <optional>
#include <random>
#include <thread>

#include <faiss/impl/AuxIndexStructures.h>
#include <faiss/impl/DistanceComputer.h>
#include <faiss/impl/HNSW.h>

#include "storage/segment/link_graph.h"

namespace sightline::storage {
namespace {

/// Rows that are linked between two pauses.
constexpr size_t kBlock = 1024;

/// Shows our rows to FAISS. The smaller the distance, the greater the inner product.
class RowDistance : public faiss::DistanceComputer {
 public:
  explicit RowDistance(const RowStore& rows) : rows_(rows) {}

  void SetRow(size_t row) { rows_.Prepare(row, query_); }
  void set_query(const float* values) override { rows_.Prepare({values, rows_.dim()}, query_); }
  float operator()(idx_t row) override { return -rows_.Score(query_, static_cast<size_t>(row)); }
  float symmetric_dis(idx_t a, idx_t b) override {
    return -rows_.ScorePair(static_cast<size_t>(a), static_cast<size_t>(b));
  }

 private:
  const RowStore& rows_;
  RowQuery query_;
};

/// One lock per row, as FAISS wants them.
class RowLocks {
 public:
  explicit RowLocks(size_t rows) : locks_(rows) {
    for (omp_lock_t& lock : locks_) omp_init_lock(&lock);
  }
  RowLocks(const RowLocks&) = delete;
  RowLocks& operator=(const RowLocks&) = delete;
  ~RowLocks() {
    for (omp_lock_t& lock : locks_) omp_destroy_lock(&lock);
  }
  std::vector<omp_lock_t>& get() { return locks_; }

 private:
  std::vector<omp_lock_t> locks_;
};

}  // namespace

/// Lets FAISS link the rows and copies the links.
class LinkGraph::Builder {
 public:
  Builder(const RowStore& rows, const Plan& plan)
      : rows_(rows), plan_(plan), hnsw_(static_cast<int>(plan.links)), locks_(rows.rows()) {
    hnsw_.rng = faiss::RandomGenerator(static_cast<int64_t>(plan.seed));
    hnsw_.efConstruction = static_cast<int>(plan.ef_construction);
    hnsw_.prepare_level_tab(rows.rows());
    for (int i = 0; i < std::max(1, omp_get_max_threads()); ++i) workers_.emplace_back(rows);
  }

  /// From the highest level down, and in no order on each of them: what lies together in the collection must not become
  /// a graph of its own.
  Status LinkAll() {
    std::vector<uint32_t> order(rows_.rows());
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(plan_.seed));
    std::stable_sort(order.begin(), order.end(),
                     [this](uint32_t a, uint32_t b) { return hnsw_.levels[a] > hnsw_.levels[b]; });
    LinkBlock(std::span(order).first(1));  // the entry point, alone
    for (size_t begin = 1; begin < order.size(); begin += kBlock) {
      if (plan_.pause) SL_RETURN_IF_ERROR(plan_.pause());
      LinkBlock(std::span(order).subspan(begin, std::min(kBlock, order.size() - begin)));
    }
    return {};
  }

  LinkGraph Take() {
    LinkGraph graph;
    graph.links_ = plan_.links;
    graph.entry_ = static_cast<uint32_t>(hnsw_.entry_point);
    const size_t per_row = 2 * size_t{plan_.links};
    graph.lowest_ = BigBuffer(rows_.rows() * per_row * sizeof(uint32_t));
    for (size_t row = 0; row < rows_.rows(); ++row) CopyLinks(row, 0, graph.lowest_.as<uint32_t>() + row * per_row);
    graph.upper_.resize(static_cast<size_t>(hnsw_.max_level));
    for (size_t row = 0; row < rows_.rows(); ++row) {
      for (int level = 1; level < hnsw_.levels[row]; ++level) {
        Level& upper = graph.upper_[static_cast<size_t>(level) - 1];
        upper.nodes.push_back(static_cast<uint32_t>(row));
        upper.links.resize(upper.links.size() + plan_.links);
        CopyLinks(row, level, upper.links.data() + upper.links.size() - plan_.links);
      }
    }
    for (Level& level : graph.upper_) {
      level.nodes.shrink_to_fit();
      level.links.shrink_to_fit();
    }
    graph.ChooseEntries();
    return graph;
  }

 private:
  /// What one thread needs.
  struct Worker {
    explicit Worker(const RowStore& rows) : distance(rows), visited(static_cast<int>(rows.rows())) {}
    RowDistance distance;
    faiss::VisitedTable visited;
  };

  void LinkBlock(std::span<const uint32_t> block) {
    std::atomic<size_t> next = 0;
    const auto work = [&](Worker& worker) {
      for (size_t at = next++; at < block.size(); at = next++) {
        const auto row = static_cast<int>(block[at]);
        worker.distance.SetRow(block[at]);
        hnsw_.add_with_locks(worker.distance, hnsw_.levels[block[at]] - 1, row, locks_.get(), worker.visited);
      }
    };
    std::vector<std::jthread> threads;
    if (block.size() > 1) {
      for (size_t i = 1; i < workers_.size(); ++i) threads.emplace_back([&, i] { work(workers_[i]); });
    }
    work(workers_[0]);
  }

  void CopyLinks(size_t row, int level, uint32_t* out) const {
    size_t begin = 0;
    size_t end = 0;
    hnsw_.neighbor_range(static_cast<faiss::HNSW::idx_t>(row), level, &begin, &end);
    for (size_t at = begin; at < end; ++at) *out++ = static_cast<uint32_t>(hnsw_.neighbors[at]);  // -1 is kNone
  }

  const RowStore& rows_;
  const Plan& plan_;
  faiss::HNSW hnsw_;
  RowLocks locks_;
  std::vector<Worker> workers_;
};

Result<LinkGraph> LinkGraph::Build(const RowStore& rows, const Plan& plan) {
  std::optional<Builder> builder(std::in_place, rows, plan);
  SL_RETURN_IF_ERROR(builder->LinkAll());
  LinkGraph graph = builder->Take();
  builder.reset();  // what FAISS holds is no longer needed
  SL_RETURN_IF_ERROR(graph.Refine(rows, plan));
  return graph;
}

}  // namespace sightline::storage
