// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include "storage/segment/link_graph.h"
#include "storage/segment/parallel_internal.h"

namespace sightline::storage {
namespace {

/// Rows whose neighbours are looked for before the links of any of them change.
constexpr size_t kBlock = 1024;
/// Rows (or rows that get links back) between two pauses of a thread.
constexpr size_t kPiece = 64;
/// What the search for the neighbours of a row keeps.
constexpr size_t kEf = 64;

bool IsBefore(const RowHit& a, const RowHit& b) { return a.score != b.score ? a.score > b.score : a.row < b.row; }

}  // namespace

// Note [Rows that nothing leads to]
// FAISS looks for the neighbours of a new row along one path from the entry point. The first rows of a small tight
// cluster that lies apart from all others find only rows of these others; they link to them, but a link back is dropped
// for nearer rows. The rows that follow find nothing of the cluster either, so most of it becomes islands that no path
// leads to. So searches start from rows spread over all (LinkGraph::entries_), of which some lie in every cluster that
// is not very small, and after FAISS every row looks for its neighbours once more, from there, by which the islands of
// a cluster are joined. Rows of a block look at the graph as it was before the block, and links back are gathered by
// the row that gets them: equal plans give equal graphs on any number of threads.

/// Chooses the links of every row on the lowest level once more.
class LinkGraph::Refiner {
 public:
  Refiner(LinkGraph& graph, const RowStore& rows, const Plan& plan) : graph_(graph), rows_(rows), plan_(plan) {}

  Status RefineAll() {
    std::vector<uint32_t> order(rows_.rows());
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), std::mt19937_64(plan_.seed + 1));
    for (size_t begin = 0; begin < order.size(); begin += kBlock) {
      SL_RETURN_IF_ERROR(RefineBlock(std::span(order).subspan(begin, std::min(kBlock, order.size() - begin))));
    }
    return {};
  }

 private:
  using Links = std::vector<uint32_t>;

  Status RefineBlock(std::span<const uint32_t> block) {
    std::vector<Links> chosen(block.size());
    SL_RETURN_IF_ERROR(ForAll(block.size(), [&](size_t i) { chosen[i] = FindLinks(block[i]); }));
    std::vector<std::pair<uint32_t, uint32_t>> back;  // the row that gets the link, the row that it leads to
    for (size_t i = 0; i < block.size(); ++i) {
      Store(block[i], chosen[i]);
      for (uint32_t to : chosen[i]) back.emplace_back(to, block[i]);
    }
    std::sort(back.begin(), back.end());
    std::vector<size_t> begins;  // of the runs of one row
    for (size_t i = 0; i < back.size(); ++i) {
      if (i == 0 || back[i].first != back[i - 1].first) begins.push_back(i);
    }
    begins.push_back(back.size());
    return ForAll(begins.size() - 1,
                  [&](size_t run) { AddLinks(std::span(back).subspan(begins[run], begins[run + 1] - begins[run])); });
  }

  template <typename Work>
  Status ForAll(size_t count, const Work& work) {
    return ForPieces((count + kPiece - 1) / kPiece, plan_.pause, [&](size_t piece) {
      for (size_t i = piece * kPiece; i < std::min(count, (piece + 1) * kPiece); ++i) work(i);
    });
  }

  Links Present(uint32_t row) const {
    Links links;
    for (uint32_t to : graph_.LowestLinks(row)) {
      if (to == kNone) break;
      links.push_back(to);
    }
    return links;
  }

  Links FindLinks(uint32_t row) const {
    RowQuery query;
    rows_.Prepare(row, query);
    std::vector<RowHit> candidates;
    SegmentStats stats;
    // Without limits a search does not fail.
    static_cast<void>(graph_.Search(rows_, query, {.ef = kEf}, candidates, stats));
    std::erase_if(candidates, [row](const RowHit& hit) { return hit.row == row; });
    for (uint32_t to : Present(row)) {
      const auto is_it = [to](const RowHit& hit) { return hit.row == to; };
      if (std::none_of(candidates.begin(), candidates.end(), is_it)) candidates.push_back({rows_.Score(query, to), to});
    }
    return Choose(candidates);
  }

  /// Links back to the row that is first in all of `back`.
  void AddLinks(std::span<const std::pair<uint32_t, uint32_t>> back) {
    const uint32_t row = back.front().first;
    Links links = Present(row);
    const size_t before = links.size();
    for (const auto& [same, to] : back) {
      if (std::find(links.begin(), links.end(), to) == links.end()) links.push_back(to);
    }
    if (links.size() == before) return;
    if (links.size() > limit()) {
      std::vector<RowHit> candidates;
      for (uint32_t to : links) candidates.push_back({rows_.ScorePair(row, to), to});
      links = Choose(candidates);
    }
    Store(row, links);
  }

  /// As FAISS chooses (HNSW::shrink_neighbor_list): from the nearest on, those that are not nearer to one that was
  /// chosen than to the row itself.
  Links Choose(std::vector<RowHit>& candidates) const {
    std::sort(candidates.begin(), candidates.end(), IsBefore);
    Links links;
    for (const RowHit& candidate : candidates) {
      if (links.size() == limit()) break;
      const auto is_nearer = [&](uint32_t link) { return rows_.ScorePair(candidate.row, link) > candidate.score; };
      if (std::none_of(links.begin(), links.end(), is_nearer)) links.push_back(candidate.row);
    }
    return links;
  }

  void Store(uint32_t row, const Links& links) {
    uint32_t* out = graph_.lowest_.as<uint32_t>() + size_t{row} * limit();
    std::fill(std::copy(links.begin(), links.end(), out), out + limit(), kNone);
  }

  size_t limit() const { return 2 * size_t{graph_.links_}; }

  LinkGraph& graph_;
  const RowStore& rows_;
  const Plan& plan_;
};

Status LinkGraph::Refine(const RowStore& rows, const Plan& plan) { return Refiner(*this, rows, plan).RefineAll(); }

}  // namespace sightline::storage
