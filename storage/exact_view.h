// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <vector>

#include "storage/filter_plan.h"
#include "storage/record_store.h"
#include "storage/row_table.h"
#include "storage/vector_index.h"

namespace sightline::storage {

/// Exact search over a RowTable. Immutable.
class ExactView : public IndexView {
 public:
  /// @param planner  may be null: filters on metadata are decided from the records alone.
  ExactView(RowTable table, Epoch epoch, std::shared_ptr<const RecordStore> records,
            std::shared_ptr<const FilterPlanner> planner = nullptr)
      : table_(std::move(table)), epoch_(epoch), records_(std::move(records)), planner_(std::move(planner)) {}

  Epoch epoch() const override { return epoch_; }
  size_t unit_count() const override { return table_.live_units; }
  size_t vector_count() const override { return table_.live_rows; }
  Result<std::vector<Neighbor>> Search(std::span<const float> query, const SearchOptions& options,
                                       SearchStats* stats) const override;

 private:
  const RowTable table_;
  const Epoch epoch_;
  const std::shared_ptr<const RecordStore> records_;
  const std::shared_ptr<const FilterPlanner> planner_;
};

}  // namespace sightline::storage
