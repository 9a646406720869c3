// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "storage/segment/row_store.h"
#include "storage/segment/sealed_segment.h"
#include "storage/segment/segment_file.h"

namespace sightline::storage {

/// The part of a sealed segment that finds candidates without looking at every row. Immutable; searches run
/// concurrently.
class CandidateIndex {
 public:
  virtual ~CandidateIndex() = default;

  /// Everything that it keeps in memory, without the rows.
  virtual size_t memory_bytes() const = 0;
  virtual void AppendSections(SectionList& sections) const = 0;

  /// Appends rows that may be among the best, at least search.fetch of them where the structure finds so many; only
  /// such as the selector allows, none twice, in any order. Their scores are those of RowStore::Score.
  /// @param query  dim floats, not all zero.
  virtual Status Find(std::span<const float> query, const SegmentSearch& search, std::vector<RowHit>& hits,
                      SegmentStats& stats) const = 0;
};

/// Scores rows and drops those that the caller does not want: what Find ends with.
/// `rows` is sorted and freed of repetitions.
void ScoreCandidates(const RowStore& store, const RowQuery& query, std::vector<uint32_t>& rows,
                     std::vector<RowHit>& hits);

/// The smaller the share of rows that a filter lets through, the farther its best rows lie: how many times as much to
/// look at.
double WideningFor(const SegmentSearch& search);

}  // namespace sightline::storage
