// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <vector>

#include "storage/index_state.h"

/// Where new segments take their rows from.
namespace sightline::storage {

/// The living rows of a table in order of unit id.
class TableSource : public RowSource {
 public:
  explicit TableSource(std::shared_ptr<const RowTable> table);
  size_t dim() const override { return table_->dim; }
  size_t rows() const override { return order_.size(); }
  RowInfo Info(size_t row) const override;
  void Read(size_t begin, size_t count, float* values) const override;

 private:
  std::shared_ptr<const RowTable> table_;
  std::vector<uint32_t> order_;  ///< Row numbers, counted over all chunks.
};

/// The living rows of several segments in order of unit id, as well as those keep them.
class MergeSource : public RowSource {
 public:
  /// @param slots  at least one; all of one dim.
  explicit MergeSource(SegmentSlots slots);
  size_t dim() const override { return slots_.front()->segment->dim(); }
  size_t rows() const override { return order_.size(); }
  RowInfo Info(size_t row) const override;
  void Read(size_t begin, size_t count, float* values) const override;

 private:
  struct Place {
    uint32_t slot = 0;
    uint32_t row = 0;
  };
  SegmentSlots slots_;
  std::vector<Place> order_;
};

}  // namespace sightline::storage
