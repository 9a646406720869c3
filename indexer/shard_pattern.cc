// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/shard_pattern.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace sightline::indexer {
namespace {

constexpr size_t kMaxDigits = 18;
constexpr size_t kMaxLength = 4096;  // PATH_MAX; each range takes a call within the one before.
constexpr size_t kShownLength = 100;
constexpr std::string_view kDigits = "0123456789";

/// "{000..012}" at [begin, end) of a pattern.
struct Range {
  size_t begin = 0;
  size_t end = 0;
  std::string_view first;
  std::string_view last;
};

std::optional<Range> RangeAt(std::string_view pattern, size_t begin) {
  const size_t close = pattern.find('}', begin);
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view inside = pattern.substr(begin + 1, close - begin - 1);
  const size_t dots = inside.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  Range range{begin, close + 1, inside.substr(0, dots), inside.substr(dots + 2)};
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of(kDigits) == std::string_view::npos;
  };
  if (!is_number(range.first) || !is_number(range.last)) return std::nullopt;
  return range;
}

std::optional<Range> FirstRange(std::string_view pattern) {
  for (size_t at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', at + 1)) {
    if (const auto range = RangeAt(pattern, at)) return range;
  }
  return std::nullopt;
}

uint64_t NumberOf(std::string_view digits) {
  uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

size_t WidthOf(const Range& range) {
  const auto is_padded = [](std::string_view digits) { return digits.size() > 1 && digits[0] == '0'; };
  return is_padded(range.first) || is_padded(range.last) ? std::max(range.first.size(), range.last.size()) : 0;
}

}  // namespace

Result<std::vector<std::string>> ExpandShardPattern(std::string_view pattern, size_t most) {
  const auto range = FirstRange(pattern);
  if (!range) return std::vector<std::string>{std::string(pattern)};
  if (pattern.size() > kMaxLength) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}...: longer than a path can be", pattern.substr(0, kShownLength)));
  }
  SL_ASSIGN_OR_RETURN(const auto rests, ExpandShardPattern(pattern.substr(range->end), most));
  if (std::max(range->first.size(), range->last.size()) > kMaxDigits) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: the numbers are too long", pattern));
  }
  const uint64_t first = NumberOf(range->first);
  const uint64_t last = NumberOf(range->last);
  const uint64_t count = (last > first ? last - first : first - last) + 1;
  if (count > most / rests.size()) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: more than {} names", pattern, most));
  }
  std::vector<std::string> names;
  names.reserve(count * rests.size());
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t number = last > first ? first + i : first - i;
    const std::string start =
        fmt::format("{}{:0{}}", pattern.substr(0, range->begin), number, std::max<size_t>(1, WidthOf(*range)));
    for (const std::string& rest : rests) names.push_back(start + rest);
  }
  return names;
}

}  // namespace sightline::indexer
