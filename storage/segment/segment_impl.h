// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "storage/segment/candidate_index.h"
#include "storage/segment/row_info_table.h"
#include "storage/segment/row_store.h"
#include "storage/segment/sealed_segment.h"

namespace sightline::storage {

/// Rows, what they are, and a structure that finds candidates among them. Immutable.
class SegmentImpl : public SealedSegment {
 public:
  /// @param index  refers to `rows`; null: every row is looked at.
  SegmentImpl(IndexOptions options, RowInfoTable info, std::unique_ptr<const RowStore> rows,
              std::unique_ptr<const CandidateIndex> index)
      : options_(options), info_(std::move(info)), rows_(std::move(rows)), index_(std::move(index)) {}

  Status Write(const std::filesystem::path& file) const override;

  IndexKind kind() const override { return options_.kind; }
  const IndexOptions& options() const override { return options_; }
  size_t dim() const override { return rows_->dim(); }
  size_t rows() const override { return rows_->rows(); }
  size_t units() const override { return info_.units(); }
  size_t memory_bytes() const override;

  RowInfo Info(uint32_t row) const override { return info_.Info(row); }
  std::pair<uint32_t, uint32_t> RowsOf(UnitId unit) const override { return info_.RowsOf(unit); }
  void AppendRowsOf(ItemId item, std::vector<uint32_t>& rows) const override { info_.AppendRowsOf(item, rows); }

  Status Search(std::span<const float> query, const SegmentSearch& search, std::vector<RowHit>& hits,
                SegmentStats* stats) const override;
  void Score(std::span<const float> query, std::span<const uint32_t> rows, float* scores) const override;
  void Read(size_t begin, size_t count, float* values) const override { rows_->Read(begin, count, values); }

 private:
  Status CheckSearch(std::span<const float> query, const SegmentSearch& search) const;
  Status ScanAll(std::span<const float> query, const SegmentSearch& search, std::vector<RowHit>& hits,
                 SegmentStats& stats) const;

  const IndexOptions options_;
  const RowInfoTable info_;
  const std::unique_ptr<const RowStore> rows_;
  const std::unique_ptr<const CandidateIndex> index_;
};

}  // namespace sightline::storage
