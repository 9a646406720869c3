// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/metadata.h"
#include "base/types.h"

namespace sightline {

/// The key has at least one value equal to one of `any_of`.
struct MatchCondition {
  std::string key;
  std::vector<MetadataValue> any_of;
};

/// The key has at least one value within the given bounds; absent bounds do not limit. Integers compare with floats by
/// value; values of other types never match.
struct RangeCondition {
  std::string key;
  std::optional<MetadataValue> gt, gte, lt, lte;
};

/// The key has a keyword value that starts with `prefix`. The key "path" is the item's path.
struct PrefixCondition {
  std::string key;
  std::string prefix;
};

/// The key has a value at all.
struct ExistsCondition {
  std::string key;
};

struct Filter;

/// One condition, or a nested filter.
using FilterClause = std::variant<MatchCondition, RangeCondition, PrefixCondition, ExistsCondition, Filter>;

/// Which units a search may return. All of `must`, at least one of `should` (when there are any), none of `must_not`;
/// `types` (when there are any) limits the unit type. An empty filter lets everything through. Immutable value.
struct Filter {
  std::vector<UnitType> types;
  std::vector<FilterClause> must;
  std::vector<FilterClause> should;
  std::vector<FilterClause> must_not;

  bool empty() const;
};

/// How filters compare two values: integers and floats by value, everything else only with its own type. NaN and values
/// of different types are unordered.
std::partial_ordering CompareValues(const MetadataValue& a, const MetadataValue& b);

/// Decides a filter for one item's metadata and path and one unit's type. Pure; the meaning of filters is defined here,
/// and every faster way of executing one is tested against it.
bool Matches(const Filter& filter, UnitType type, const std::string& path, const Metadata& metadata);

}  // namespace sightline
