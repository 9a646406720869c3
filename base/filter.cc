// SPDX-License-Identifier: BSD-3-Clause
#include "base/filter.h"

#include <algorithm>

namespace sightline {
namespace {

bool IsNumber(const MetadataValue& value) {
  return std::holds_alternative<int64_t>(value) || std::holds_alternative<double>(value);
}

double AsDouble(const MetadataValue& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  return std::get<double>(value);
}

class Evaluator {
 public:
  Evaluator(UnitType type, const std::string& path, const Metadata& metadata)
      : type_(type), path_value_{path}, metadata_(metadata) {}

  bool operator()(const MatchCondition& condition) const {
    return AnyValue(condition.key, [&](const MetadataValue& value) {
      return std::any_of(condition.any_of.begin(), condition.any_of.end(),
                         [&](const MetadataValue& wanted) { return CompareValues(value, wanted) == 0; });
    });
  }

  bool operator()(const RangeCondition& condition) const {
    return AnyValue(condition.key, [&](const MetadataValue& value) {
      return (!condition.gt || CompareValues(value, *condition.gt) > 0) &&
             (!condition.gte || CompareValues(value, *condition.gte) >= 0) &&
             (!condition.lt || CompareValues(value, *condition.lt) < 0) &&
             (!condition.lte || CompareValues(value, *condition.lte) <= 0);
    });
  }

  bool operator()(const PrefixCondition& condition) const {
    return AnyValue(condition.key, [&](const MetadataValue& value) {
      const auto* keyword = std::get_if<std::string>(&value);
      return keyword != nullptr && keyword->starts_with(condition.prefix);
    });
  }

  bool operator()(const ExistsCondition& condition) const {
    return AnyValue(condition.key, [](const MetadataValue&) { return true; });
  }

  bool operator()(const Filter& filter) const {
    const auto holds = [this](const FilterClause& clause) { return std::visit(*this, clause); };
    return (filter.types.empty() || std::find(filter.types.begin(), filter.types.end(), type_) != filter.types.end()) &&
           std::all_of(filter.must.begin(), filter.must.end(), holds) &&
           (filter.should.empty() || std::any_of(filter.should.begin(), filter.should.end(), holds)) &&
           std::none_of(filter.must_not.begin(), filter.must_not.end(), holds);
  }

 private:
  template <typename Predicate>
  bool AnyValue(const std::string& key, Predicate predicate) const {
    if (key == "path") return predicate(path_value_);
    const auto found = metadata_.find(key);
    return found != metadata_.end() && std::any_of(found->second.begin(), found->second.end(), predicate);
  }

  UnitType type_;
  MetadataValue path_value_;
  const Metadata& metadata_;
};

}  // namespace

std::partial_ordering CompareValues(const MetadataValue& a, const MetadataValue& b) {
  if (a.index() != b.index()) {
    return IsNumber(a) && IsNumber(b) ? AsDouble(a) <=> AsDouble(b) : std::partial_ordering::unordered;
  }
  return std::visit(
      [&b](const auto& left) -> std::partial_ordering { return left <=> std::get<std::decay_t<decltype(left)>>(b); },
      a);
}

bool Filter::empty() const { return types.empty() && must.empty() && should.empty() && must_not.empty(); }

bool Matches(const Filter& filter, UnitType type, const std::string& path, const Metadata& metadata) {
  return Evaluator(type, path, metadata)(filter);
}

}  // namespace sightline
