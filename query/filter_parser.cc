// SPDX-License-Identifier: BSD-3-Clause
#include "query/filter_parser.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/iso_time.h"

namespace sightline::query {
namespace {

namespace json = boost::json;

constexpr size_t kMaxTextBytes = 1 << 20;
constexpr int kMaxDepth = 8;
constexpr size_t kMaxConditions = 1000;
constexpr size_t kMaxValues = 10'000;
// A filter of kMaxDepth levels has three brackets per level and a few inside its conditions.
constexpr size_t kMaxJsonDepth = 3 * kMaxDepth + 8;
constexpr size_t kMostQuotedBytes = 100;

std::string_view ViewOf(json::string_view text) { return {text.data(), text.size()}; }

/// UTF-8 for a message, cut where it gets long.
std::string CutLong(std::string text) {
  if (text.size() <= kMostQuotedBytes) return text;
  size_t end = kMostQuotedBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

/// Where in the filter something stands: "must[1].range.gte".
struct Place {
  std::string text;

  Place Field(std::string_view name) const {
    const std::string shown = CutLong(std::string(name));
    return {text.empty() ? shown : fmt::format("{}.{}", text, shown)};
  }
  Place At(size_t index) const { return {fmt::format("{}[{}]", text, index)}; }
};

tl::unexpected<Error> Invalid(const Place& place, std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument,
              place.text.empty() ? fmt::format("filter: {}", what) : fmt::format("filter: {}: {}", place.text, what));
}

/// A value as a person wrote it.
std::string Quote(const json::value& value) { return CutLong(json::serialize(value)); }

Result<const json::object*> AsObject(const json::value& value, const Place& place, std::string_view what) {
  const json::object* object = value.if_object();
  if (object == nullptr) return Invalid(place, fmt::format("{} is not an object: {}", Quote(value), what));
  return object;
}

Result<std::string> AsText(const json::value& value, const Place& place) {
  const json::string* text = value.if_string();
  if (text == nullptr) return Invalid(place, fmt::format("{} is not text", Quote(value)));
  return std::string(ViewOf(*text));
}

Result<MetadataValue> ParseTime(const json::value& value, const Place& place) {
  if (const int64_t* seconds = value.if_int64()) return Timestamp{*seconds};
  const json::string* text = value.if_string();
  const auto time = text == nullptr ? std::nullopt : ParseIsoTime(ViewOf(*text));
  if (!time) return Invalid(place, fmt::format("{} is not an ISO 8601 time", Quote(value)));
  return *time;
}

Result<MetadataValue> ParseNumber(const json::value& value, const Place& place) {
  if (const int64_t* integer = value.if_int64()) return *integer;
  if (value.is_uint64()) return Invalid(place, fmt::format("{} does not fit 64 bits with a sign", Quote(value)));
  const double number = value.get_double();
  if (!std::isfinite(number)) return Invalid(place, "the number is too large");
  return number;
}

/// Reads one filter. Not used again.
class Parser {
 public:
  Result<Filter> ParseFilter(const json::object& object, const Place& place, int depth) {
    if (depth > kMaxDepth) return Invalid(place, fmt::format("more than {} levels of filters", kMaxDepth));
    Filter filter;
    for (const auto& [raw_key, value] : object) {
      const std::string_view key = ViewOf(raw_key);
      const Place here = place.Field(key);
      if (key == "must") {
        SL_ASSIGN_OR_RETURN(filter.must, ParseClauses(value, here, depth));
      } else if (key == "should") {
        SL_ASSIGN_OR_RETURN(filter.should, ParseClauses(value, here, depth));
      } else if (key == "must_not") {
        SL_ASSIGN_OR_RETURN(filter.must_not, ParseClauses(value, here, depth));
      } else if (key == "type") {
        SL_ASSIGN_OR_RETURN(filter.types, ParseTypes(value, here));
      } else {
        return Invalid(here,
                       "no such field; a filter has must, should, must_not and type, a condition has a key or a path");
      }
    }
    return filter;
  }

 private:
  Result<std::vector<FilterClause>> ParseClauses(const json::value& value, const Place& place, int depth) {
    std::vector<FilterClause> clauses;
    if (const json::array* list = value.if_array()) {
      for (size_t i = 0; i < list->size(); ++i) {
        SL_ASSIGN_OR_RETURN(clauses.emplace_back(), ParseClause((*list)[i], place.At(i), depth));
      }
    } else {
      SL_ASSIGN_OR_RETURN(clauses.emplace_back(), ParseClause(value, place, depth));
    }
    return clauses;
  }

  Result<FilterClause> ParseClause(const json::value& value, const Place& place, int depth) {
    SL_ASSIGN_OR_RETURN(const json::object* object, AsObject(value, place, "a clause is a condition or a filter"));
    if (++conditions_ > kMaxConditions) return Invalid(place, fmt::format("more than {} conditions", kMaxConditions));
    if (object->empty()) return Invalid(place, "an empty clause");
    if (const json::value* path = object->if_contains("path")) return ParsePath(*object, *path, place);
    if (const json::value* key = object->if_contains("key")) return ParseCondition(*object, *key, place);
    SL_ASSIGN_OR_RETURN(Filter filter, ParseFilter(*object, place, depth + 1));
    return FilterClause(std::move(filter));
  }

  static Result<FilterClause> ParsePath(const json::object& object, const json::value& path, const Place& place) {
    if (object.size() != 1) return Invalid(place, "a condition on the path has nothing beside it");
    SL_ASSIGN_OR_RETURN(std::string prefix, AsText(path, place.Field("path")));
    return FilterClause(PrefixCondition{"path", std::move(prefix)});
  }

  Result<FilterClause> ParseCondition(const json::object& object, const json::value& key, const Place& place) {
    SL_ASSIGN_OR_RETURN(const std::string name, AsText(key, place.Field("key")));
    if (name.empty()) return Invalid(place.Field("key"), "an empty key");
    std::optional<FilterClause> condition;
    for (const auto& [raw_field, value] : object) {
      const std::string_view field = ViewOf(raw_field);
      if (field == "key") continue;
      const Place here = place.Field(field);
      if (condition) return Invalid(here, "a condition has one of match, range, prefix and exists, not several");
      SL_ASSIGN_OR_RETURN(condition, ParseTest(name, field, value, here));
    }
    if (!condition) return Invalid(place, fmt::format("the key \"{}\" without match, range, prefix or exists", name));
    return *std::move(condition);
  }

  Result<FilterClause> ParseTest(const std::string& key, std::string_view field, const json::value& value,
                                 const Place& place) {
    if (field == "match") return ParseMatch(key, value, place);
    if (field == "range") return ParseRange(key, value, place);
    if (field == "prefix") {
      SL_ASSIGN_OR_RETURN(std::string prefix, AsText(value, place));
      return FilterClause(PrefixCondition{key, std::move(prefix)});
    }
    if (field == "exists") {
      const bool* exists = value.if_bool();
      if (exists == nullptr) return Invalid(place, fmt::format("{} is neither true nor false", Quote(value)));
      return *exists ? FilterClause(ExistsCondition{key}) : Not(ExistsCondition{key});
    }
    return Invalid(place, "no such field; a condition has a key and one of match, range, prefix and exists");
  }

  static FilterClause Not(FilterClause clause) {
    Filter filter;
    filter.must_not.push_back(std::move(clause));
    return filter;
  }

  Result<FilterClause> ParseMatch(const std::string& key, const json::value& value, const Place& place) {
    SL_ASSIGN_OR_RETURN(const json::object* object, AsObject(value, place, "match has value, any or except"));
    if (object->size() != 1) return Invalid(place, "match has one of value, any and except");
    const auto& [raw_field, operand] = *object->begin();
    const std::string_view field = ViewOf(raw_field);
    const Place here = place.Field(field);
    MatchCondition match{key, {}};
    if (field == "value") {
      SL_ASSIGN_OR_RETURN(match.any_of.emplace_back(), ParseValue(key, operand, here));
      return FilterClause(std::move(match));
    }
    if (field != "any" && field != "except") return Invalid(here, "no such field; match has value, any or except");
    const json::array* list = operand.if_array();
    if (list == nullptr) return Invalid(here, fmt::format("{} is not a list of values", Quote(operand)));
    for (size_t i = 0; i < list->size(); ++i) {
      SL_ASSIGN_OR_RETURN(match.any_of.emplace_back(), ParseValue(key, (*list)[i], here.At(i)));
    }
    return field == "any" ? FilterClause(std::move(match)) : Not(std::move(match));
  }

  Result<MetadataValue> ParseValue(const std::string& key, const json::value& value, const Place& place) {
    if (++values_ > kMaxValues) return Invalid(place, fmt::format("more than {} values", kMaxValues));
    const json::object* object = value.if_object();
    if (object != nullptr && object->size() == 1 && object->contains("time")) {
      return ParseTime(object->at("time"), place.Field("time"));
    }
    if (key == metadata_key::kTakenAt) return ParseTime(value, place);
    if (const json::string* text = value.if_string()) return std::string(ViewOf(*text));
    if (const bool* flag = value.if_bool()) return *flag;
    if (value.is_number()) return ParseNumber(value, place);
    return Invalid(place, fmt::format("{} is no value: text, a number, true, false or a time", Quote(value)));
  }

  Result<FilterClause> ParseRange(const std::string& key, const json::value& value, const Place& place) {
    SL_ASSIGN_OR_RETURN(const json::object* object, AsObject(value, place, "range has gt, gte, lt and lte"));
    if (object->empty()) return Invalid(place, "a range without bounds; does it mean exists?");
    RangeCondition range{.key = key, .gt = {}, .gte = {}, .lt = {}, .lte = {}};
    const std::array<std::pair<std::string_view, std::optional<MetadataValue>*>, 4> bounds = {
        {{"gt", &range.gt}, {"gte", &range.gte}, {"lt", &range.lt}, {"lte", &range.lte}}};
    std::optional<bool> of_times;
    for (const auto& [raw_field, bound] : *object) {
      const std::string_view field = ViewOf(raw_field);
      const Place here = place.Field(field);
      const auto known = std::find_if(bounds.begin(), bounds.end(), [&](const auto& b) { return b.first == field; });
      if (known == bounds.end()) return Invalid(here, "no such field; range has gt, gte, lt and lte");
      SL_ASSIGN_OR_RETURN(*known->second, ParseBound(key, bound, here));
      const bool is_time = std::holds_alternative<Timestamp>(**known->second);
      if (of_times && *of_times != is_time) return Invalid(here, "the bounds of one range are a time and a number");
      of_times = is_time;
    }
    return FilterClause(std::move(range));
  }

  Result<MetadataValue> ParseBound(const std::string& key, const json::value& value, const Place& place) {
    // Ranges are over numbers and times, so text can only be a time.
    if (value.is_string()) return ParseTime(value, place);
    if (!value.is_number() && !value.is_object()) {
      return Invalid(place, fmt::format("{} is neither a number nor a time", Quote(value)));
    }
    return ParseValue(key, value, place);
  }

  Result<std::vector<UnitType>> ParseTypes(const json::value& value, const Place& place) {
    std::vector<UnitType> types;
    const auto add = [&types](const json::value& one, const Place& here) -> Status {
      SL_ASSIGN_OR_RETURN(const std::string name, AsText(one, here));
      const auto type = UnitTypeFromName(name);
      if (!type) return Invalid(here, fmt::format("no type {}; there are image, clip and text", Quote(one)));
      if (std::find(types.begin(), types.end(), *type) == types.end()) types.push_back(*type);
      return {};
    };
    if (const json::array* list = value.if_array()) {
      if (list->empty()) return Invalid(place, "an empty list of types");
      for (size_t i = 0; i < list->size(); ++i) SL_RETURN_IF_ERROR(add((*list)[i], place.At(i)));
    } else {
      SL_RETURN_IF_ERROR(add(value, place));
    }
    return types;
  }

  size_t conditions_ = 0;
  size_t values_ = 0;
};

Result<json::value> ParseJson(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::parser parser({}, options);
  boost::system::error_code error;
  // `write_some` so that the place of the error is known.
  const size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (error == json::error::too_deep) return Invalid({}, "nested too deeply");
  if (error) return Invalid({}, fmt::format("not JSON at byte {}: {}", read + 1, error.message()));
  return parser.release();
}

}  // namespace

Result<Filter> ParseFilter(std::string_view text) {
  if (text.size() > kMaxTextBytes) return Invalid({}, "more than 1 MiB of text");
  SL_ASSIGN_OR_RETURN(const json::value value, ParseJson(text));
  SL_ASSIGN_OR_RETURN(const json::object* object, AsObject(value, {}, "a filter has must, should, must_not and type"));
  // The most usual slip: a condition where a filter belongs.
  if (object->contains("key") || object->contains("path")) {
    return Invalid({}, "a condition alone; write {\"must\": [...]} around it");
  }
  return Parser().ParseFilter(*object, {}, 1);
}

}  // namespace sightline::query
