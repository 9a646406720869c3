// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/filter.h"
#include "base/limits.h"
#include "base/result.h"

namespace sightline::storage {

/// How a search keeps to a filter on metadata.
enum class FilterStrategy : uint8_t {
  kNone,        ///< There is none, or it asks for unit types alone.
  kDirectScan,  ///< Few items may pass: their rows are scored, and no others.
  kSelector,    ///< The index is searched among the items that may pass.
  kPostFilter,  ///< Everything is searched, and what does not pass is left out, until there are enough.
};
/// "none", "direct scan", "selector", "post-filter".
std::string_view NameOf(FilterStrategy strategy);

struct ItemBounds;

/// What is known about a filter before anything is searched.
struct FilterPlan {
  FilterStrategy strategy = FilterStrategy::kNone;
  /// The items that pass, as far as terms tell; null: they tell nothing.
  std::shared_ptr<const ItemBounds> items;
  /// At most so many items pass, of `items_in_all`.
  uint64_t items_possible = 0;
  uint64_t items_in_all = 0;
  bool is_exact = false;      ///< No record need be read to decide.
  size_t terms_read = 0;      ///< Entries of the secondary index that were read for this plan.
  size_t clauses_cached = 0;  ///< Conditions whose items were known from an earlier plan.
};

/// Finds out which items a filter lets through without reading their records. Thread-safe.
class FilterPlanner {
 public:
  virtual ~FilterPlanner() = default;

  /// @param filter  what it says about unit types is left to the caller. Errors: kCancelled, kDeadlineExceeded. What
  /// terms cannot tell, or cannot be read of them, is for the records to decide.
  virtual Result<FilterPlan> Plan(const Filter& filter, const Limits& limits) const = 0;
};

/// Whether a filter asks for more than unit types.
bool AsksMetadata(const Filter& filter);

}  // namespace sightline::storage
