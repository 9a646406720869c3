// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/link_graph.h"

#include <algorithm>
#include <limits>
#include <queue>

#include "storage/record_bytes.h"

namespace sightline::storage {
namespace {

constexpr uint8_t kGraphRecordVersion = 1;
constexpr uint32_t kMaxLinks = 512;
constexpr size_t kMaxLevels = 64;
/// Nodes walked between two looks at the limits.
constexpr size_t kLimitsEvery = 256;

struct IsWorse {
  bool operator()(const RowHit& a, const RowHit& b) const { return a.score < b.score; }
};
struct IsBetter {
  bool operator()(const RowHit& a, const RowHit& b) const { return a.score > b.score; }
};

}  // namespace

size_t LinkGraph::memory_bytes() const {
  size_t bytes = lowest_.size_bytes();
  for (const Level& level : upper_) bytes += (level.nodes.size() + level.links.size()) * sizeof(uint32_t);
  return bytes;
}

std::span<const uint32_t> LinkGraph::UpperLinks(const Level& level, uint32_t row) const {
  const auto found = std::lower_bound(level.nodes.begin(), level.nodes.end(), row);
  if (found == level.nodes.end() || *found != row) return {};
  const auto index = static_cast<size_t>(found - level.nodes.begin());
  return std::span(level.links).subspan(index * links_, links_);
}

RowHit LinkGraph::Descend(const RowStore& rows, const RowQuery& query, SegmentStats& stats) const {
  RowHit nearest{rows.Score(query, entry_), entry_};
  for (size_t level = upper_.size(); level > 0; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      const std::span<const uint32_t> links = UpperLinks(upper_[level - 1], nearest.row);
      for (size_t i = 0; i < links.size() && links[i] != kNone; ++i) rows.Prefetch(links[i]);
      for (size_t i = 0; i < links.size() && links[i] != kNone; ++i) {
        const float score = rows.Score(query, links[i]);
        ++stats.codes_scanned;
        if (score <= nearest.score) continue;
        nearest = {score, links[i]};
        moved = true;
      }
    }
  }
  return nearest;
}

/// One walk over the lowest level.
struct LinkGraph::Walk {
  const SearchPlan& plan;
  VisitedRows& visited;
  std::priority_queue<RowHit, std::vector<RowHit>, IsWorse> frontier{};  ///< Where to go on, the best first.
  std::priority_queue<RowHit, std::vector<RowHit>, IsBetter> best{};     ///< Allowed ones, the worst first.
  std::vector<uint32_t> fresh{};                                         ///< Neighbours not seen before.

  float floor() const { return best.size() < plan.ef ? -std::numeric_limits<float>::infinity() : best.top().score; }
  void Offer(const RowHit& hit) {
    if (hit.score <= floor()) return;
    frontier.push(hit);
    if (plan.selector != nullptr && !plan.selector->Allows(hit.row)) return;
    best.push(hit);
    if (best.size() > plan.ef) best.pop();
  }
};

Status LinkGraph::Search(const RowStore& rows, const RowQuery& query, const SearchPlan& plan, std::vector<RowHit>& hits,
                         SegmentStats& stats) const {
  VisitedPool::Lease visited(visited_, rows.rows());
  Walk walk{plan, *visited};
  const RowHit start = Descend(rows, query, stats);
  walk.visited.Add(start.row);
  walk.Offer(start);
  for (size_t steps = 1; !walk.frontier.empty(); ++steps) {
    if (steps % kLimitsEvery == 0) SL_RETURN_IF_ERROR(plan.limits.Check("search"));
    const RowHit from = walk.frontier.top();
    if (from.score < walk.floor()) break;
    walk.frontier.pop();
    walk.fresh.clear();
    for (uint32_t row : LowestLinks(from.row)) {
      if (row == kNone) break;
      if (!walk.visited.Add(row)) continue;
      rows.Prefetch(row);
      walk.fresh.push_back(row);
    }
    for (uint32_t row : walk.fresh) walk.Offer({rows.Score(query, row), row});
    if (!walk.frontier.empty()) __builtin_prefetch(LowestLinks(walk.frontier.top().row).data());
  }
  stats.codes_scanned += walk.visited.size();
  stats.rows_scored += walk.best.size();
  for (; !walk.best.empty(); walk.best.pop()) hits.push_back(walk.best.top());
  return {};
}

void LinkGraph::AppendSections(SectionList& sections, const Tags& tags) const {
  RecordWriter head(kGraphRecordVersion);
  head.Put(links_);
  head.Put(entry_);
  head.PutCount(upper_.size());
  std::string upper;
  for (const Level& level : upper_) {
    head.PutCount(level.nodes.size());
    for (const std::vector<uint32_t>* values : {&level.nodes, &level.links}) {
      upper.append(reinterpret_cast<const char*>(values->data()), values->size() * sizeof(uint32_t));
    }
  }
  sections.AddOwned(tags.head, head.Finish());
  sections.AddView(tags.lowest, lowest_.bytes());
  sections.AddOwned(tags.upper, std::move(upper));
}

Result<LinkGraph> LinkGraph::Load(SegmentFileReader& file, const Tags& tags, size_t rows) {
  LinkGraph graph;
  SL_ASSIGN_OR_RETURN(const std::string head_bytes, file.Read(tags.head));
  RecordReader head(head_bytes, kGraphRecordVersion);
  graph.links_ = head.Get<uint32_t>();
  graph.entry_ = head.Get<uint32_t>();
  std::vector<size_t> sizes(head.GetCount(sizeof(uint32_t)));
  for (size_t& size : sizes) size = head.Get<uint32_t>();
  const auto bad = [&](std::string_view what) { return tl::unexpected(file.Bad(tags.head, what)); };
  if (!head.Finish("a graph") || graph.links_ < 2 || graph.links_ > kMaxLinks || graph.entry_ >= rows ||
      sizes.size() > kMaxLevels) {
    return bad("contradicts its format");
  }
  const size_t lowest_bytes = rows * 2 * graph.links_ * sizeof(uint32_t);
  if (file.SizeOf(tags.lowest) != lowest_bytes) return bad("has links of another number of rows");
  graph.lowest_ = BigBuffer(lowest_bytes);
  SL_RETURN_IF_ERROR(file.ReadInto(tags.lowest, graph.lowest_.bytes()));
  SL_ASSIGN_OR_RETURN(const std::string upper_bytes, file.Read(tags.upper));
  RecordReader upper = RecordReader::Unframed(upper_bytes);
  for (const size_t size : sizes) {
    if (size > upper.rest() / (sizeof(uint32_t) * (1 + graph.links_))) return bad("has levels that are cut off");
    Level level{std::vector<uint32_t>(size), std::vector<uint32_t>(size * graph.links_)};
    for (std::vector<uint32_t>* values : {&level.nodes, &level.links}) {
      for (uint32_t& value : *values) value = upper.Get<uint32_t>();
    }
    graph.upper_.push_back(std::move(level));
  }
  if (upper.bad() || upper.rest() != 0 || !graph.IsWithin(rows)) return bad("has links to rows that do not exist");
  return graph;
}

bool LinkGraph::IsWithin(size_t rows) const {
  const auto exists = [rows](uint32_t row) { return row < rows || row == kNone; };
  const uint32_t* lowest = lowest_.as<uint32_t>();
  if (!std::all_of(lowest, lowest + rows * 2 * links_, exists)) return false;
  return std::all_of(upper_.begin(), upper_.end(), [&](const Level& level) {
    return std::all_of(level.links.begin(), level.links.end(), exists) &&
           std::all_of(level.nodes.begin(), level.nodes.end(), [rows](uint32_t row) { return row < rows; }) &&
           std::is_sorted(level.nodes.begin(), level.nodes.end());
  });
}

}  // namespace sightline::storage
