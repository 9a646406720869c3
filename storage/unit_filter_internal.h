// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <optional>

#include "base/filter.h"
#include "storage/filter_plan.h"
#include "storage/item_set_internal.h"
#include "storage/row_table.h"

namespace sightline::storage {

/// A filter made ready for one search: which rows may pass by their type and item, and what is left to the records.
class UnitFilter {
 public:
  /// @param filter  may be null; lives as long as this does.
  /// @param plan  of the filter.
  UnitFilter(const Filter* filter, const FilterPlan& plan)
      : filter_(filter), strategy_(plan.strategy), items_(plan.items), is_exact_(plan.is_exact) {
    if (plan.items_in_all > 0) {
      share_ = static_cast<float>(static_cast<double>(plan.items_possible) / static_cast<double>(plan.items_in_all));
    }
    if (items_ != nullptr) mask_.emplace(items_->possible);
  }

  /// Whether a unit with this row may pass.
  bool Allows(const RowInfo& row) const { return AllowsType(row.type) && (!mask_ || mask_->Has(row.item)); }
  /// Whether all rows may.
  bool IsOpen() const { return !mask_ && (filter_ == nullptr || filter_->types.empty()); }
  /// False only when no item of [first, last] may pass.
  bool MayHave(ItemId first, ItemId last) const { return !mask_ || mask_->AnyIn(first, last); }

  /// Whether records must be read to decide about some of the units that may pass.
  bool AsksRecords() const { return strategy_ != FilterStrategy::kNone && !is_exact_; }
  /// Whether the items's units pass, but for their types, without a look at its record.
  bool IsSure(ItemId item) const { return items_ != nullptr && items_->sure.Has(item); }

  /// Of the items that there are, those that may pass; 1 when that is not known.
  float share() const { return items_ == nullptr ? 1 : share_; }
  /// Whether it costs least to ask about what was found, because most rows may pass.
  bool MostMayPass() const {
    return strategy_ == FilterStrategy::kPostFilter && mask_ && (filter_ == nullptr || filter_->types.empty());
  }
  /// kDirectScan: the items that may pass; null otherwise.
  const Roaring64Map* few_items() const {
    return strategy_ == FilterStrategy::kDirectScan ? &items_->possible.listed() : nullptr;
  }

 private:
  bool AllowsType(UnitType type) const {
    return filter_ == nullptr || filter_->types.empty() ||
           std::find(filter_->types.begin(), filter_->types.end(), type) != filter_->types.end();
  }

  const Filter* filter_;
  FilterStrategy strategy_;
  std::shared_ptr<const ItemBounds> items_;
  bool is_exact_;
  float share_ = 1;
  std::optional<ItemMask> mask_;
};

}  // namespace sightline::storage
