// SPDX-License-Identifier: BSD-3-Clause
#include "storage/term_keys.h"

#include <algorithm>
#include <sstream>

#include "storage/record_codec.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using ::testing::ElementsAre;
using testing::IsError;

std::string Hex(const std::string& bytes) {
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += "0123456789abcdef"[byte / 16];
    hex += "0123456789abcdef"[byte % 16];
  }
  return hex;
}

/// The lines of records_v1.txt whose name starts with `term_`, in order.
std::vector<std::string> GoldenTerms() {
  std::istringstream lines(testing::ReadTestFile(testing::TestData("storage/records_v1.txt")));
  std::vector<std::string> terms;
  std::string name, hex;
  while (lines >> name >> hex) {
    if (name.starts_with("term_")) terms.push_back(hex);
  }
  return terms;
}

ItemRecord ItemWith(Metadata metadata, std::vector<std::string> paths = {"/a"}) {
  ItemRecord item;
  item.id = ItemId{9};
  item.metadata = std::move(metadata);
  for (std::string& path : paths) item.paths.push_back({std::move(path), 0, 0});
  return item;
}

size_t CountOf(const ItemRecord& item) { return TermKeysOf(item).size(); }

TEST(TermKeysTest, AreTheGoldenBytes) {
  std::vector<MetadataValue> many;
  for (int64_t i = 0; i < 257; ++i) many.emplace_back(i);
  const ItemRecord item = ItemWith(
      {
          {"f", {-1.5, 0.0}},
          {"long", {std::string(130, 'l')}},
          {"many", many},
          {"n", {int64_t{-5}}},
          {"ok", {true}},
          {"t", {Timestamp{86400}}},
          {"tags", {std::string("x\0y", 3), std::string("x")}},
      },
      {"/a", "/b"});
  std::vector<std::string> terms;
  for (const std::string& key : TermKeysOf(item)) terms.push_back(Hex(key));
  EXPECT_EQ(terms, GoldenTerms());
}

TEST(TermKeysTest, OrderIsThatOfValues) {
  const std::vector<std::vector<MetadataValue>> ascending = {
      {int64_t{INT64_MIN}, int64_t{-1}, int64_t{0}, int64_t{1}, int64_t{INT64_MAX}},
      {-1.0 / 0.0, -1e300, -1.0, -1e-300, 0.0, 1e-300, 1.0, 1e300, 1.0 / 0.0},
      {Timestamp{-1}, Timestamp{0}, Timestamp{1'700'000'000}},
      {false, true},
      {std::string(), std::string("\0", 1), std::string("\0\x01", 2), std::string("a"), std::string("a\0", 2),
       std::string("a\0b", 3), std::string("a\x01"), std::string("ab"), std::string("\xFF")}};
  for (const auto& values : ascending) {
    std::vector<std::string> keys;
    for (const MetadataValue& value : values) keys.push_back(TermKeysOf(ItemWith({{"k", {value}}})).at(0));
    EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
    EXPECT_EQ(std::unique(keys.begin(), keys.end()), keys.end());
  }
}

TEST(TermKeysTest, EqualValuesAreOneTerm) {
  EXPECT_EQ(CountOf(ItemWith({{"k", {0.0, -0.0, 0.0}}})), 1u);
  EXPECT_EQ(CountOf(ItemWith({{"k", {std::string("a"), std::string("a")}}})), 1u);
  EXPECT_EQ(CountOf(ItemWith({{"k", {std::string(200, 'a') + "b", std::string(200, 'a') + "c"}}})), 1u);
}

TEST(TermKeysTest, WhatFiltersCannotReachIsNoTerm) {
  EXPECT_EQ(CountOf(ItemWith({})), 0u);
  EXPECT_EQ(CountOf(ItemWith({{"k", {}}})), 0u);
  EXPECT_EQ(CountOf(ItemWith({{"path", {std::string("x")}}})), 0u);
  EXPECT_EQ(CountOf(ItemWith({{std::string(255, 'k'), {true}}})), 0u);
  EXPECT_EQ(CountOf(ItemWith({{std::string(254, 'k'), {true}}})), 1u);
}

TEST(TermKeysTest, KeepsTheItem) {
  const ItemRecord item = ItemWith({{"k", {std::string("v")}}}, {"/a", "/b"});
  for (const std::string& key : TermKeysOf(item)) EXPECT_EQ(*ItemOfTermKey(key), item.id);
  EXPECT_THAT(ItemOfTermKey(std::string(9, 'x')), IsError(ErrorCode::kCorruption));
}

TEST(TermKeysTest, ConditionsThatTermsCannotDecide) {
  EXPECT_FALSE(TermRangesOf(MatchCondition{std::string(255, 'k'), {true}}));
  EXPECT_FALSE(TermRangesOf(ExistsCondition{std::string(255, 'k')}));
  EXPECT_FALSE(TermRangesOf(RangeCondition{.key = "k", .gt = std::string("a"), .gte = {}, .lt = {}, .lte = {}}));
  EXPECT_FALSE(TermRangesOf(RangeCondition{.key = "path", .gt = int64_t{1}, .gte = {}, .lt = {}, .lte = {}}));
}

TEST(TermKeysTest, RangesThatNothingMeetsAreNotRead) {
  // Only the mark of items with too many values is left.
  const RangeCondition empty{.key = "k", .gt = int64_t{3}, .gte = {}, .lt = int64_t{3}, .lte = {}};
  EXPECT_EQ(TermRangesOf(empty)->size(), 1u);
  EXPECT_EQ(TermRangesOf(MatchCondition{"k", {0.0 / 0.0}})->size(), 1u);
  EXPECT_EQ(TermRangesOf(MatchCondition{"k", {Timestamp{3}}})->size(), 2u);
  // A number may be there as integer and as float.
  EXPECT_EQ(TermRangesOf(MatchCondition{"k", {int64_t{3}}})->size(), 3u);
  EXPECT_EQ(TermRangesOf(MatchCondition{"k", {0.5}})->size(), 2u);
}

}  // namespace
}  // namespace sightline::storage
