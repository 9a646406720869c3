// SPDX-License-Identifier: BSD-3-Clause
#include "base/filter.h"

#include <gtest/gtest.h>

namespace sightline {
namespace {

const Metadata kPhoto = {
    {"tags", {std::string("beach"), std::string("dog")}},
    {"rating", {int64_t{4}}},
    {"aperture", {2.8}},
    {"taken_at", {Timestamp{1'700'000'000}}},
    {"favourite", {true}},
};

bool Holds(const FilterClause& clause) {
  Filter filter;
  filter.must = {clause};
  return Matches(filter, UnitType::kImage, "/photos/2023/a.jpg", kPhoto);
}

TEST(FilterTest, EmptyFilterLetsEverythingThrough) {
  EXPECT_TRUE(Matches(Filter{}, UnitType::kClip, "", {}));
  EXPECT_TRUE(Filter{}.empty());
}

TEST(FilterTest, TypesLimitTheUnitType) {
  Filter filter;
  filter.types = {UnitType::kClip, UnitType::kText};
  EXPECT_FALSE(Matches(filter, UnitType::kImage, "", {}));
  EXPECT_TRUE(Matches(filter, UnitType::kText, "", {}));
}

TEST(FilterTest, MatchNeedsOneEqualValue) {
  EXPECT_TRUE(Holds(MatchCondition{"tags", {std::string("cat"), std::string("dog")}}));
  EXPECT_FALSE(Holds(MatchCondition{"tags", {std::string("cat")}}));
  EXPECT_FALSE(Holds(MatchCondition{"tags", {}}));
  EXPECT_TRUE(Holds(MatchCondition{"favourite", {true}}));
}

TEST(FilterTest, NumbersCompareByValueAcrossIntegerAndFloat) {
  EXPECT_TRUE(Holds(MatchCondition{"rating", {4.0}}));
  EXPECT_TRUE(Holds(RangeCondition{.key = "aperture", .gt = int64_t{2}, .gte = {}, .lt = int64_t{3}, .lte = {}}));
}

TEST(FilterTest, ValuesOfOtherTypesNeverMatch) {
  EXPECT_FALSE(Holds(MatchCondition{"rating", {std::string("4")}}));
  EXPECT_FALSE(Holds(MatchCondition{"favourite", {int64_t{1}}}));
  EXPECT_FALSE(Holds(RangeCondition{.key = "tags", .gt = int64_t{0}, .gte = {}, .lt = {}, .lte = {}}));
}

TEST(FilterTest, RangeBoundsIncludeOrExclude) {
  const auto rating = [](auto set) {
    RangeCondition range{.key = "rating", .gt = {}, .gte = {}, .lt = {}, .lte = {}};
    set(range);
    return Holds(range);
  };
  EXPECT_TRUE(rating([](RangeCondition& r) { r.gte = int64_t{4}; }));
  EXPECT_FALSE(rating([](RangeCondition& r) { r.gt = int64_t{4}; }));
  EXPECT_TRUE(rating([](RangeCondition& r) { r.lte = int64_t{4}; }));
  EXPECT_FALSE(rating([](RangeCondition& r) { r.lt = int64_t{4}; }));
}

TEST(FilterTest, TimesCompareAsTimes) {
  EXPECT_TRUE(Holds(RangeCondition{
      .key = "taken_at", .gt = {}, .gte = Timestamp{1'600'000'000}, .lt = {}, .lte = Timestamp{1'700'000'000}}));
}

TEST(FilterTest, PathIsAKeyword) {
  EXPECT_TRUE(Holds(PrefixCondition{"path", "/photos/2023/"}));
  EXPECT_FALSE(Holds(PrefixCondition{"path", "/photos/2024/"}));
  EXPECT_TRUE(Holds(PrefixCondition{"tags", "bea"}));
}

TEST(FilterTest, ExistsAsksForTheKey) {
  EXPECT_TRUE(Holds(ExistsCondition{"rating"}));
  EXPECT_FALSE(Holds(ExistsCondition{"camera"}));
}

TEST(FilterTest, ShouldNeedsOneAndMustNotForbids) {
  Filter filter;
  filter.should = {MatchCondition{"tags", {std::string("cat")}}, ExistsCondition{"rating"}};
  EXPECT_TRUE(Matches(filter, UnitType::kImage, "", kPhoto));
  filter.must_not = {ExistsCondition{"favourite"}};
  EXPECT_FALSE(Matches(filter, UnitType::kImage, "", kPhoto));
}

TEST(FilterTest, FiltersNest) {
  Filter inner;
  inner.must_not = {MatchCondition{"tags", {std::string("dog")}}};
  EXPECT_FALSE(Holds(inner));
  inner.must_not = {MatchCondition{"tags", {std::string("cat")}}};
  EXPECT_TRUE(Holds(inner));
}

}  // namespace
}  // namespace sightline
