// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/segment_impl.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "base/guard.h"

namespace sightline::storage {
namespace {

/// Rows between two looks at the limits.
constexpr size_t kScanBlock = 4096;
/// How far ahead of the row being scored memory is asked for.
constexpr size_t kPrefetchRows = 8;

/// The order of answers: higher scores first, equal ones by row.
bool IsBetter(const RowHit& a, const RowHit& b) { return a.score != b.score ? a.score > b.score : a.row < b.row; }

void KeepBest(std::vector<RowHit>& hits, size_t count) {
  count = std::min(count, hits.size());
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(count), hits.end(), IsBetter);
  hits.resize(count);
}

}  // namespace

void ScoreCandidates(const RowStore& store, const RowQuery& query, std::vector<uint32_t>& rows,
                     std::vector<RowHit>& hits) {
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  for (size_t i = 0; i < std::min(kPrefetchRows, rows.size()); ++i) store.Prefetch(rows[i]);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kPrefetchRows < rows.size()) store.Prefetch(rows[i + kPrefetchRows]);
    hits.push_back({store.Score(query, rows[i]), rows[i]});
  }
}

double WideningFor(const SegmentSearch& search) {
  if (search.selector == nullptr) return 1;
  constexpr double kMost = 8;
  const double share = std::clamp(static_cast<double>(search.pass_share), 1e-6, 1.0);
  return std::min(kMost, 1 / std::sqrt(share));
}

Status SegmentImpl::Write(const std::filesystem::path& file) const {
  return Guard("write a segment", [&]() -> Status {
    SectionList sections;
    info_.AppendSections(sections);
    sections.AddView("ROWS", rows_->bytes());
    if (index_ != nullptr) index_->AppendSections(sections);
    return WriteSegmentFile(file, {options_, static_cast<uint32_t>(dim()), rows(), units()}, sections);
  });
}

size_t SegmentImpl::memory_bytes() const {
  return sizeof(*this) + info_.memory_bytes() + rows_->size_bytes() + (index_ != nullptr ? index_->memory_bytes() : 0);
}

Status SegmentImpl::CheckSearch(std::span<const float> query, const SegmentSearch& search) const {
  if (query.size() != dim()) {
    return Fail(ErrorCode::kInvalidArgument,
                "a query of " + std::to_string(query.size()) + " values; the rows have " + std::to_string(dim()));
  }
  if (!std::all_of(query.begin(), query.end(), [](float x) { return std::fabs(x) <= RowStore::kLargestValue; })) {
    return Fail(ErrorCode::kInvalidArgument, "a query with a value that is not finite or too large");
  }
  if (search.fetch == 0) return Fail(ErrorCode::kInvalidArgument, "a search for 0 rows");
  return search.limits.Check("search");
}

Status SegmentImpl::Search(std::span<const float> query, const SegmentSearch& search, std::vector<RowHit>& hits,
                           SegmentStats* stats) const {
  SL_RETURN_IF_ERROR(CheckSearch(query, search));
  return Guard("search a segment", [&]() -> Status {
    SegmentStats counted;
    SegmentStats& counts = stats != nullptr ? *stats : counted;
    counts = {};
    hits.clear();
    // All scores are equal for a query of zeros, which the structures are not made for.
    const bool is_zero = std::all_of(query.begin(), query.end(), [](float x) { return x == 0; });
    if (index_ == nullptr || is_zero || search.fetch >= rows()) {
      SL_RETURN_IF_ERROR(ScanAll(query, search, hits, counts));
    } else {
      SL_RETURN_IF_ERROR(index_->Find(query, search, hits, counts));
      // Too few: hardly any row is allowed, or some cannot be reached.
      if (hits.size() < search.fetch) SL_RETURN_IF_ERROR(ScanAll(query, search, hits, counts));
    }
    KeepBest(hits, search.fetch);
    return {};
  });
}

Status SegmentImpl::ScanAll(std::span<const float> query, const SegmentSearch& search, std::vector<RowHit>& hits,
                            SegmentStats& stats) const {
  hits.clear();
  RowQuery prepared;
  rows_->Prepare(query, prepared);
  float floor = -std::numeric_limits<float>::infinity();  // of the best so far
  const auto count = static_cast<uint32_t>(rows());
  for (uint32_t row = 0; row < count; ++row) {
    if (row % kScanBlock == 0) SL_RETURN_IF_ERROR(search.limits.Check("search"));
    if (search.selector != nullptr && !search.selector->Allows(row)) continue;
    const float score = rows_->Score(prepared, row);
    ++stats.rows_scored;
    if (score <= floor) continue;  // equal ones with smaller rows came first
    hits.push_back({score, row});
    if (hits.size() >= 2 * search.fetch + kScanBlock) {
      KeepBest(hits, search.fetch);
      floor = hits.back().score;
    }
  }
  return {};
}

void SegmentImpl::Score(std::span<const float> query, std::span<const uint32_t> rows, float* scores) const {
  RowQuery prepared;
  rows_->Prepare(query, prepared);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kPrefetchRows < rows.size()) rows_->Prefetch(rows[i + kPrefetchRows]);
    scores[i] = rows_->Score(prepared, rows[i]);
  }
}

}  // namespace sightline::storage
