// SPDX-License-Identifier: BSD-3-Clause
#include "storage/term_keys.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <utility>

#include "storage/record_codec.h"

namespace sightline::storage {
namespace {

constexpr std::string_view kPath = "path";
constexpr uint64_t kSign = uint64_t{1} << 63;

/// What follows the field of a term. Stored; the first five are MetadataValue's order.
enum class TermType : char {
  kKeyword = 0,
  kInteger = 1,
  kFloat = 2,
  kTime = 3,
  kBoolean = 4,
  kManyValues = 5,    ///< More than kMaxTermsPerField.
  kSeveralPaths = 6,  ///< Of the field "path".
};

// A keyword is escaped and ended so that the order of keys is that of the values.
constexpr std::string_view kEscapedZero("\x00\xFF", 2);
constexpr std::string_view kWhole("\x00\x01", 2);  ///< Behind a keyword that is here as a whole.
constexpr std::string_view kCut("\x00\x02", 2);    ///< Behind the beginning of one that goes on.

/// Behind every value of fixed width there are the 8 bytes of an id, which are never all 0xFF.
constexpr std::string_view kBehindIds("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);

std::string FieldPrefix(std::string_view field) {
  std::string key(1, static_cast<char>(field.size()));
  return key.append(field);
}

std::string TypePrefix(std::string_view field, TermType type) {
  std::string key = FieldPrefix(field);
  key += static_cast<char>(type);
  return key;
}

std::string Escape(std::string_view keyword) {
  std::string escaped;
  for (const char c : keyword) c == '\0' ? escaped.append(kEscapedZero) : escaped.append(1, c);
  return escaped;
}

/// A keyword as terms hold it.
std::string KeywordBytes(std::string_view keyword) {
  if (keyword.size() <= kMaxTermBytes) return Escape(keyword).append(kWhole);
  return Escape(keyword.substr(0, kMaxTermBytes)).append(kCut);
}

/// Numbers whose order is that of the values; a float's zeros are one, and NaN comes behind everything.
uint64_t Ordered(int64_t value) { return static_cast<uint64_t>(value) ^ kSign; }
uint64_t Ordered(double value) {
  if (std::isnan(value)) return std::numeric_limits<uint64_t>::max();
  const auto bits = std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

MetadataValue FromOrdered(TermType type, uint64_t ordered) {
  if (type == TermType::kBoolean) return ordered != 0;
  if (type == TermType::kFloat) return std::bit_cast<double>((ordered & kSign) != 0 ? ordered & ~kSign : ~ordered);
  const auto integer = static_cast<int64_t>(ordered ^ kSign);
  if (type == TermType::kTime) return Timestamp{integer};
  return integer;
}

std::string OrderedBytes(TermType type, uint64_t ordered) {
  return type == TermType::kBoolean ? std::string(1, static_cast<char>(ordered)) : EncodeIdKey(ordered);
}

/// Type and value, as they follow the field.
std::string ValueBytes(const MetadataValue& value) {
  struct Visitor {
    std::string operator()(const std::string& keyword) const { return KeywordBytes(keyword); }
    std::string operator()(int64_t number) const { return EncodeIdKey(Ordered(number)); }
    std::string operator()(double number) const { return EncodeIdKey(Ordered(number)); }
    std::string operator()(const Timestamp& time) const { return EncodeIdKey(Ordered(time.seconds)); }
    std::string operator()(bool flag) const { return OrderedBytes(TermType::kBoolean, flag ? 1 : 0); }
  };
  std::string bytes(1, static_cast<char>(value.index()));
  return bytes.append(std::visit(Visitor(), value));
}

/// The smallest string that is greater than every string which starts with `prefix`, which has a byte that is not 0xFF.
std::string Behind(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

TermRange StartingWith(std::string prefix, bool is_sure = true) {
  std::string end = Behind(prefix);
  return {.first = std::move(prefix), .end = std::move(end), .is_sure = is_sure};
}

/// Items with too many values to list them may meet any condition.
TermRange ManyValuesRange(std::string_view field) {
  return StartingWith(TypePrefix(field, TermType::kManyValues), false);
}

TermRange KeywordRange(std::string_view field, std::string_view keyword) {
  std::string prefix = TypePrefix(field, TermType::kKeyword);
  return StartingWith(prefix.append(KeywordBytes(keyword)), keyword.size() <= kMaxTermBytes);
}

/// Values of one type, as ordered numbers, both ends included.
struct Interval {
  uint64_t low = 0;
  uint64_t high = 0;
  bool is_empty = false;
};

Interval AllOf(TermType type) {
  if (type == TermType::kBoolean) return {0, 1};
  if (type == TermType::kFloat) {
    return {Ordered(-std::numeric_limits<double>::infinity()), Ordered(std::numeric_limits<double>::infinity())};
  }
  return {0, std::numeric_limits<uint64_t>::max()};
}

/// The first of [low, high] for which `holds`, which is false up to some number and true from there; high when for none
/// before it.
template <typename Holds>
uint64_t FirstWhere(uint64_t low, uint64_t high, Holds holds) {
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    if (holds(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/// Cuts away what is less (or equal, unless `with_equal`) than the bound. What CompareValues says is all that counts:
/// how integers and floats meet is decided there alone.
void RaiseLow(Interval& interval, TermType type, const MetadataValue& bound, bool with_equal) {
  const auto holds = [&](uint64_t ordered) {
    const auto order = CompareValues(FromOrdered(type, ordered), bound);
    return order > 0 || (with_equal && order == 0);
  };
  interval.is_empty = interval.is_empty || !holds(interval.high);
  if (!interval.is_empty) interval.low = FirstWhere(interval.low, interval.high, holds);
}

void LowerHigh(Interval& interval, TermType type, const MetadataValue& bound, bool with_equal) {
  const auto fails = [&](uint64_t ordered) {
    const auto order = CompareValues(FromOrdered(type, ordered), bound);
    return !(order < 0 || (with_equal && order == 0));
  };
  interval.is_empty = interval.is_empty || fails(interval.low);
  if (interval.is_empty || !fails(interval.high)) return;
  interval.high = FirstWhere(interval.low, interval.high, fails) - 1;
}

constexpr std::array kOrderedTypes = {TermType::kInteger, TermType::kFloat, TermType::kTime, TermType::kBoolean};

/// Adds the terms of all types whose values lie within the bounds.
void AddIntervals(const RangeCondition& range, std::vector<TermRange>& ranges) {
  for (const TermType type : kOrderedTypes) {
    Interval interval = AllOf(type);
    if (range.gt) RaiseLow(interval, type, *range.gt, false);
    if (range.gte) RaiseLow(interval, type, *range.gte, true);
    if (range.lt) LowerHigh(interval, type, *range.lt, false);
    if (range.lte) LowerHigh(interval, type, *range.lte, true);
    if (interval.is_empty || interval.low > interval.high) continue;
    TermRange found{.first = TypePrefix(range.key, type), .end = TypePrefix(range.key, type)};
    found.first.append(OrderedBytes(type, interval.low));
    found.end.append(OrderedBytes(type, interval.high)).append(kBehindIds);
    ranges.push_back(std::move(found));
  }
}

TermRange PathsStartingWith(const std::string& prefix) {
  TermRange range = StartingWith(prefix);
  range.in_paths = true;
  return range;
}

bool IsKeyword(const std::optional<MetadataValue>& bound) {
  return bound && std::holds_alternative<std::string>(*bound);
}

void AddFieldTerms(const std::string& field, const std::vector<MetadataValue>& values, std::vector<std::string>& keys,
                   const std::string& id) {
  if (field.size() > kMaxFieldBytes || field == kPath) return;
  const std::string prefix = FieldPrefix(field);
  const auto first = static_cast<std::ptrdiff_t>(keys.size());
  for (const MetadataValue& value : values) keys.emplace_back(prefix).append(ValueBytes(value)).append(id);
  std::sort(keys.begin() + first, keys.end());
  keys.erase(std::unique(keys.begin() + first, keys.end()), keys.end());
  if (keys.size() - static_cast<size_t>(first) <= kMaxTermsPerField) return;
  keys.resize(static_cast<size_t>(first));
  keys.push_back(TypePrefix(field, TermType::kManyValues).append(id));
}

}  // namespace

std::vector<std::string> TermKeysOf(const ItemRecord& item) {
  std::vector<std::string> keys;
  const std::string id = EncodeIdKey(item.id.value);
  for (const auto& [field, values] : item.metadata) AddFieldTerms(field, values, keys, id);
  if (item.paths.size() > 1) keys.push_back(TypePrefix(kPath, TermType::kSeveralPaths).append(id));
  std::sort(keys.begin(), keys.end());
  return keys;
}

Result<ItemId> ItemOfTermKey(std::string_view key) {
  constexpr size_t kIdBytes = 8;
  constexpr size_t kLeast = 1 + 1 + kIdBytes;
  if (key.size() < kLeast) return Fail(ErrorCode::kCorruption, "a term of " + std::to_string(key.size()) + " bytes");
  SL_ASSIGN_OR_RETURN(const uint64_t id, DecodeIdKey(key.substr(key.size() - kIdBytes)));
  return ItemId{id};
}

std::optional<std::vector<TermRange>> TermRangesOf(const MatchCondition& condition) {
  std::vector<TermRange> ranges;
  if (condition.key == kPath) {
    for (const MetadataValue& value : condition.any_of) {
      const auto* path = std::get_if<std::string>(&value);
      if (path != nullptr)
        ranges.push_back({.in_paths = true, .first = *path, .end = std::string(*path).append(1, '\0')});
    }
    return ranges;
  }
  if (condition.key.size() > kMaxFieldBytes) return std::nullopt;
  for (const MetadataValue& value : condition.any_of) {
    if (const auto* keyword = std::get_if<std::string>(&value)) {
      ranges.push_back(KeywordRange(condition.key, *keyword));
    } else {
      AddIntervals({.key = condition.key, .gt = {}, .gte = value, .lt = {}, .lte = value}, ranges);
    }
  }
  ranges.push_back(ManyValuesRange(condition.key));
  return ranges;
}

std::optional<std::vector<TermRange>> TermRangesOf(const RangeCondition& condition) {
  if (!condition.gt && !condition.gte && !condition.lt && !condition.lte) {
    return TermRangesOf(ExistsCondition{condition.key});
  }
  const bool asks_keywords =
      IsKeyword(condition.gt) || IsKeyword(condition.gte) || IsKeyword(condition.lt) || IsKeyword(condition.lte);
  if (condition.key.size() > kMaxFieldBytes || condition.key == kPath || asks_keywords) return std::nullopt;
  std::vector<TermRange> ranges;
  AddIntervals(condition, ranges);
  ranges.push_back(ManyValuesRange(condition.key));
  return ranges;
}

std::optional<std::vector<TermRange>> TermRangesOf(const PrefixCondition& condition) {
  if (condition.key == kPath) {
    // Without a byte that can grow there is no end to seek.
    if (Behind(condition.prefix).empty()) return std::nullopt;
    return std::vector{PathsStartingWith(condition.prefix)};
  }
  if (condition.key.size() > kMaxFieldBytes) return std::nullopt;
  const bool is_whole = condition.prefix.size() <= kMaxTermBytes;
  std::string wanted = TypePrefix(condition.key, TermType::kKeyword);
  wanted.append(is_whole ? Escape(condition.prefix) : KeywordBytes(condition.prefix));
  return std::vector{StartingWith(std::move(wanted), is_whole), ManyValuesRange(condition.key)};
}

std::optional<std::vector<TermRange>> TermRangesOf(const ExistsCondition& condition) {
  if (condition.key.size() > kMaxFieldBytes || condition.key == kPath) return std::nullopt;
  return std::vector{StartingWith(FieldPrefix(condition.key))};
}

TermRange SeveralPathsRange() { return StartingWith(TypePrefix(kPath, TermType::kSeveralPaths)); }

}  // namespace sightline::storage
