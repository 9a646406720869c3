// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/link_graph.h"

#include <algorithm>
#include <cmath>
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
/// A search scores so many entries per square root of the rows, but no more than kMostEntries.
constexpr double kEntriesPerRoot = 4;
constexpr size_t kMostEntries = 1024;
/// The walk climbs from so many of the best entries (about 3 us each at 256 values); from fewer where there are more
/// than kRowsOfMostStarts rows, as many fewer as the square root of the rows is greater.
constexpr double kMostStarts = 64;
constexpr double kRowsOfMostStarts = 100'000;
constexpr double kFewestStarts = 16;
/// Entries asked for ahead of the one that is scored.
constexpr size_t kAhead = 8;

struct IsWorse {
  bool operator()(const RowHit& a, const RowHit& b) const { return a.score < b.score; }
};
struct IsBetter {
  bool operator()(const RowHit& a, const RowHit& b) const { return a.score > b.score; }
};

}  // namespace

size_t LinkGraph::memory_bytes() const {
  size_t bytes = lowest_.size_bytes() + entries_.size() * sizeof(uint32_t);
  for (const Level& level : upper_) bytes += (level.nodes.size() + level.links.size()) * sizeof(uint32_t);
  return bytes;
}

std::span<const uint32_t> LinkGraph::UpperLinks(const Level& level, uint32_t row) const {
  const auto found = std::lower_bound(level.nodes.begin(), level.nodes.end(), row);
  if (found == level.nodes.end() || *found != row) return {};
  const auto index = static_cast<size_t>(found - level.nodes.begin());
  return std::span(level.links).subspan(index * links_, links_);
}

void LinkGraph::ChooseEntries() {
  entries_.clear();
  if (upper_.empty()) return;
  const auto rows = static_cast<double>(lowest_.size_bytes() / (2 * links_ * sizeof(uint32_t)));
  const auto wanted = std::min(static_cast<size_t>(kEntriesPerRoot * std::sqrt(rows)), kMostEntries);
  size_t level = upper_.size() - 1;
  while (level > 0 && upper_[level].nodes.size() < wanted) --level;
  const std::vector<uint32_t>& nodes = upper_[level].nodes;
  const size_t count = std::min(wanted, nodes.size());
  entries_.reserve(count);
  for (size_t i = 0; i < count; ++i) entries_.push_back(nodes[i * nodes.size() / count]);
  const double starts = kMostStarts * std::sqrt(kRowsOfMostStarts / rows);
  starts_ = static_cast<size_t>(std::clamp(starts, kFewestStarts, kMostStarts));
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
  const LinkGraph& graph;
  const RowStore& rows;
  const RowQuery& query;
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
  /// Offers the neighbours that were not seen before. Returns the best of them; of score -inf when there is none.
  RowHit Expand(uint32_t from) {
    fresh.clear();
    for (uint32_t row : graph.LowestLinks(from)) {
      if (row == kNone) break;
      if (!visited.Add(row)) continue;
      rows.Prefetch(row);
      fresh.push_back(row);
    }
    RowHit nearest{-std::numeric_limits<float>::infinity(), from};
    for (uint32_t row : fresh) {
      const RowHit hit{rows.Score(query, row), row};
      if (hit.score > nearest.score) nearest = hit;
      Offer(hit);
    }
    return nearest;
  }
  /// Goes from a row to its best new neighbour while that is better.
  void Climb(RowHit from) {
    if (!visited.Add(from.row)) return;
    Offer(from);
    for (RowHit next = Expand(from.row); next.score > from.score; next = Expand(from.row)) from = next;
  }
};

void LinkGraph::ClimbFromEntries(Walk& walk, SegmentStats& stats) const {
  std::vector<RowHit> entries(entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (i + kAhead < entries_.size()) walk.rows.Prefetch(entries_[i + kAhead]);
    entries[i] = {walk.rows.Score(walk.query, entries_[i]), entries_[i]};
  }
  stats.codes_scanned += entries.size();
  const size_t starts = std::min({starts_, walk.plan.ef, entries.size()});
  std::partial_sort(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(starts), entries.end(),
                    [](const RowHit& a, const RowHit& b) { return a.score > b.score; });
  for (const RowHit& entry : std::span(entries).first(starts)) walk.Climb(entry);
}

Status LinkGraph::Search(const RowStore& rows, const RowQuery& query, const SearchPlan& plan, std::vector<RowHit>& hits,
                         SegmentStats& stats) const {
  VisitedPool::Lease visited(visited_, rows.rows());
  Walk walk{*this, rows, query, plan, *visited};
  const RowHit start = Descend(rows, query, stats);
  walk.visited.Add(start.row);
  walk.Offer(start);
  ClimbFromEntries(walk, stats);
  for (size_t steps = 1; !walk.frontier.empty(); ++steps) {
    if (steps % kLimitsEvery == 0) SL_RETURN_IF_ERROR(plan.limits.Check("search"));
    const RowHit from = walk.frontier.top();
    if (from.score < walk.floor()) break;
    walk.frontier.pop();
    walk.Expand(from.row);
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
  graph.ChooseEntries();
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
