// SPDX-License-Identifier: BSD-3-Clause
#include "tests/storage/random_filters.h"

#include <limits>
#include <optional>

namespace sightline::testing {
namespace {

constexpr int64_t kExactDouble = int64_t{1} << 53;

const std::vector<std::string> kKeys = {"a", "b", "bb", "taken_at", std::string(300, 'k'), "path"};

const std::vector<std::string>& Texts() {
  static const std::vector<std::string> texts = {
      "", "x", "xy", std::string("x\0", 2), std::string("x\0y", 3), "x\x01", "xz", "\xFF", "\xFF\xFF",
      // Cut after 128 bytes.
      std::string(127, 'l'), std::string(128, 'l'), std::string(129, 'l'), std::string(128, 'l').append("m"),
      std::string(127, 'l').append(1, '\0'), std::string(127, 'l').append(2, '\0')};
  return texts;
}

const std::vector<MetadataValue> kNumbers = {
    int64_t{0},
    int64_t{1},
    int64_t{-1},
    int64_t{7},
    kExactDouble,
    kExactDouble + 1,
    kExactDouble + 2,
    std::numeric_limits<int64_t>::max(),
    std::numeric_limits<int64_t>::min(),
    0.0,
    -0.0,
    1.0,
    0.5,
    -1.5,
    static_cast<double>(kExactDouble),
    9.3e18,
    -9.3e18,
    std::numeric_limits<double>::infinity(),
    -std::numeric_limits<double>::infinity(),
    std::numeric_limits<double>::quiet_NaN(),
};

const std::vector<std::string> kFolders = {"/p/", "/p/q/", "/pq/", "/\xFF\xFF/",
                                           std::string("/").append(150, 'd').append("/")};

}  // namespace

MetadataValue RandomFilters::MakeValue() {
  switch (Pick(5)) {
    case 0:
      return Timestamp{static_cast<int64_t>(Pick(4)) - 1};
    case 1:
      return Pick(2) == 0;
    case 2:
      return Texts()[Pick(Texts().size())];
    default:
      return kNumbers[Pick(kNumbers.size())];
  }
}

std::string RandomFilters::MakeKey() { return kKeys[Pick(kKeys.size())]; }

Metadata RandomFilters::MakeMetadata() {
  Metadata metadata;
  for (size_t fields = Pick(4); fields > 0; --fields) {
    auto& values = metadata[MakeKey()];
    for (size_t count = Pick(4); count > 0; --count) values.push_back(MakeValue());
  }
  // More values than an index lists.
  if (Pick(20) == 0) {
    for (int64_t i = 0; i < 300; ++i) metadata["b"].emplace_back(i);
  }
  return metadata;
}

std::string RandomFilters::MakePath(uint64_t number) {
  return std::string(kFolders[Pick(kFolders.size())]).append(std::to_string(number));
}

FilterClause RandomFilters::MakeClause(int depth) {
  const auto bound = [this]() -> std::optional<MetadataValue> {
    return Pick(2) == 0 ? std::nullopt : std::optional(MakeValue());
  };
  switch (Pick(depth > 0 ? 6 : 5)) {
    case 0: {
      MatchCondition match{MakeKey(), {}};
      for (size_t count = Pick(4); count > 0; --count) match.any_of.push_back(MakeValue());
      return match;
    }
    case 1: {
      // One bound of each side at most, so that a range is often not empty.
      RangeCondition range{.key = MakeKey(), .gt = {}, .gte = {}, .lt = {}, .lte = {}};
      (Pick(2) == 0 ? range.gt : range.gte) = bound();
      (Pick(2) == 0 ? range.lt : range.lte) = bound();
      return range;
    }
    case 2:
      return PrefixCondition{MakeKey(), Texts()[Pick(Texts().size())]};
    case 3: {
      std::string folder = kFolders[Pick(kFolders.size())];
      folder.resize(Pick(folder.size() + 1));
      return PrefixCondition{"path", folder};
    }
    case 4:
      return ExistsCondition{MakeKey()};
    default:
      return MakeFilter(depth - 1);
  }
}

Filter RandomFilters::MakeFilter(int depth) {
  Filter filter;
  for (size_t count = Pick(3); count > 0; --count) filter.must.push_back(MakeClause(depth));
  for (size_t count = Pick(3); count > 0; --count) filter.should.push_back(MakeClause(depth));
  for (size_t count = Pick(2); count > 0; --count) filter.must_not.push_back(MakeClause(depth));
  if (Pick(8) == 0) filter.types = {Pick(2) == 0 ? UnitType::kImage : UnitType::kClip};
  return filter;
}

}  // namespace sightline::testing
