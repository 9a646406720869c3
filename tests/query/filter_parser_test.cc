// SPDX-License-Identifier: BSD-3-Clause
#include "query/filter_parser.h"

#include <fmt/format.h>

#include "tests/support/test_support.h"

namespace sightline::query {
namespace {

using testing::IsErrorWith;
using testing::IsOk;

const Metadata kPhoto = {
    {"tags", {std::string("beach"), std::string("dog")}},
    {"stars", {int64_t{4}}},
    {"aperture", {2.8}},
    {"taken_at", {Timestamp{1'714'588'200}}},  // 2024-05-01T18:30:00Z
    {"shown", {Timestamp{1'714'588'200}}},
    {"favourite", {true}},
};

bool Holds(std::string_view text, UnitType type = UnitType::kImage) {
  const auto filter = ParseFilter(text);
  EXPECT_THAT(filter, IsOk()) << text;
  return filter && Matches(*filter, type, "/photos/2024/a.jpg", kPhoto);
}

/// One condition, as a filter.
bool Passes(std::string_view condition) { return Holds(fmt::format(R"({{"must": [{}]}})", condition)); }

void ExpectRefused(std::string_view text, std::string_view part) {
  EXPECT_THAT(ParseFilter(text), IsErrorWith(ErrorCode::kInvalidArgument, std::string(part))) << text;
}

TEST(FilterParserTest, NothingIsEverything) {
  const auto filter = ParseFilter(" {} \n");
  ASSERT_THAT(filter, IsOk());
  EXPECT_TRUE(filter->empty());
}

TEST(FilterParserTest, MatchTakesAValueOrSeveral) {
  EXPECT_TRUE(Passes(R"({"key": "tags", "match": {"value": "dog"}})"));
  EXPECT_FALSE(Passes(R"({"key": "tags", "match": {"value": "cat"}})"));
  EXPECT_TRUE(Passes(R"({"key": "tags", "match": {"any": ["cat", "dog"]}})"));
  EXPECT_FALSE(Passes(R"({"key": "tags", "match": {"any": []}})"));
  EXPECT_FALSE(Passes(R"({"key": "tags", "match": {"except": ["cat", "dog"]}})"));
  EXPECT_TRUE(Passes(R"({"key": "tags", "match": {"except": ["cat"]}})"));
  EXPECT_TRUE(Passes(R"({"key": "stars", "match": {"value": 4}})"));
  EXPECT_TRUE(Passes(R"({"key": "stars", "match": {"value": 4.0}})"));
  EXPECT_FALSE(Passes(R"({"key": "stars", "match": {"value": "4"}})"));
  EXPECT_TRUE(Passes(R"({"key": "favourite", "match": {"value": true}})"));
}

TEST(FilterParserTest, RangesAreOverNumbersAndTimes) {
  EXPECT_TRUE(Passes(R"({"key": "stars", "range": {"gte": 4, "lte": 4}})"));
  EXPECT_FALSE(Passes(R"({"key": "stars", "range": {"gt": 4}})"));
  EXPECT_FALSE(Passes(R"({"key": "stars", "range": {"lt": 4}})"));
  EXPECT_TRUE(Passes(R"({"key": "aperture", "range": {"gt": 2, "lt": 2.9}})"));
  EXPECT_TRUE(Passes(R"({"key": "shown", "range": {"gte": "2024-05-01", "lt": "2024-05-02"}})"));
  EXPECT_TRUE(Passes(R"({"key": "shown", "range": {"lte": "2024-05-01T20:30:00+02:00"}})"));
  EXPECT_FALSE(Passes(R"({"key": "shown", "range": {"lt": "2024-05-01T20:30:00+02:00"}})"));
  EXPECT_TRUE(Passes(R"({"key": "shown", "range": {"lte": {"time": 1714588200}}})"));
  // A number is no time, except under the key that is always one.
  EXPECT_FALSE(Passes(R"({"key": "shown", "range": {"lte": 1714588200}})"));
  EXPECT_TRUE(Passes(R"({"key": "taken_at", "range": {"lte": 1714588200}})"));
}

TEST(FilterParserTest, TimesAreWrittenAsInManifests) {
  EXPECT_TRUE(Passes(R"({"key": "shown", "match": {"value": {"time": "2024-05-01T18:30:00Z"}}})"));
  EXPECT_FALSE(Passes(R"({"key": "shown", "match": {"value": "2024-05-01T18:30:00Z"}})"));
  EXPECT_TRUE(Passes(R"({"key": "taken_at", "match": {"value": "2024-05-01T18:30:00Z"}})"));
}

TEST(FilterParserTest, PrefixPathAndExists) {
  EXPECT_TRUE(Passes(R"({"key": "tags", "prefix": "be"})"));
  EXPECT_TRUE(Passes(R"({"path": "/photos/2024/"})"));
  EXPECT_FALSE(Passes(R"({"path": "/photos/2023/"})"));
  EXPECT_TRUE(Passes(R"({"key": "stars", "exists": true})"));
  EXPECT_FALSE(Passes(R"({"key": "stars", "exists": false})"));
  EXPECT_TRUE(Passes(R"({"key": "camera", "exists": false})"));
}

TEST(FilterParserTest, ClausesJoinAndNest) {
  EXPECT_TRUE(Holds(R"({"should": [{"key": "tags", "match": {"value": "cat"}}, {"key": "stars", "exists": true}]})"));
  EXPECT_FALSE(Holds(R"({"must_not": {"key": "stars", "exists": true}})"));
  EXPECT_TRUE(
      Holds(R"({"must": {"must_not": [{"must": {"path": "/x"}}, {"should": [{"key": "cat", "exists": true}]}]}})"));
  EXPECT_FALSE(Holds(R"({"must": [{"path": "/"}], "must_not": [{"must": [{"path": "/photos"}]}]})"));
}

TEST(FilterParserTest, TypesAreThoseOfUnits) {
  EXPECT_TRUE(Holds(R"({"type": "image"})"));
  EXPECT_FALSE(Holds(R"({"type": ["clip", "text"]})"));
  EXPECT_TRUE(Holds(R"({"type": ["clip", "text"]})", UnitType::kText));
  EXPECT_TRUE(Holds(R"({"should": [{"type": "clip"}, {"key": "stars", "exists": true}]})"));
}

TEST(FilterParserMalformedTest, BrokenJsonIsShownByItsPlace) {
  ExpectRefused("", "not JSON at byte 1");
  ExpectRefused("   ", "not JSON");
  ExpectRefused(R"({"must": [})", "not JSON at byte 11");
  ExpectRefused(R"({"must": [])", "not JSON at byte 12");
  ExpectRefused("{} x", "not JSON at byte 4");
  ExpectRefused("{\"must\": [{\"path\": \"\xC3\x28\"}]}", "not JSON at byte");
  ExpectRefused("[]", "not an object");
  ExpectRefused("3", "not an object");
}

TEST(FilterParserMalformedTest, TheMessageNamesFieldAndPlace) {
  ExpectRefused(R"({"mist": []})", "filter: mist: no such field");
  ExpectRefused(R"({"must": 3})", "filter: must: 3 is not an object");
  ExpectRefused(R"({"must": [{"path": "/"}, {}]})", "filter: must[1]: an empty clause");
  ExpectRefused(R"({"should": [{"must": [{"kay": "a"}]}]})", "filter: should[0].must[0].kay: no such field");
  ExpectRefused(R"({"key": "a", "exists": true})", "a condition alone");
  ExpectRefused(R"({"must": [{"key": 3, "exists": true}]})", "must[0].key: 3 is not text");
  ExpectRefused(R"({"must": [{"key": "", "exists": true}]})", "must[0].key: an empty key");
  ExpectRefused(R"({"must": [{"key": "a"}]})", "must[0]: the key \"a\" without");
  ExpectRefused(R"({"must": [{"key": "a", "exists": true, "prefix": "b"}]})", "must[0].prefix: a condition has one of");
  ExpectRefused(R"({"must": [{"key": "a", "exists": 1}]})", "must[0].exists: 1 is neither");
  ExpectRefused(R"({"must": [{"key": "a", "prefix": 1}]})", "must[0].prefix: 1 is not text");
  ExpectRefused(R"({"must": [{"path": ["a"]}]})", "must[0].path: [\"a\"] is not text");
  ExpectRefused(R"({"must": [{"path": "a", "key": "b"}]})", "must[0]: a condition on the path has nothing");
  ExpectRefused(R"({"must": [{"key": "a", "near": 1}]})", "must[0].near: no such field");
  ExpectRefused(R"({"type": []})", "type: an empty list");
  ExpectRefused(R"({"type": ["image", "film"]})", "type[1]: no type \"film\"; there are image, clip and text");
}

TEST(FilterParserMalformedTest, ValuesThatDoNotFit) {
  ExpectRefused(R"({"must": [{"key": "a", "match": "b"}]})", "must[0].match: \"b\" is not an object");
  ExpectRefused(R"({"must": [{"key": "a", "match": {}}]})", "must[0].match: match has one of");
  ExpectRefused(R"({"must": [{"key": "a", "match": {"text": "b"}}]})", "must[0].match.text: no such field");
  ExpectRefused(R"({"must": [{"key": "a", "match": {"any": "b"}}]})", "must[0].match.any: \"b\" is not a list");
  ExpectRefused(R"({"must": [{"key": "a", "match": {"any": ["b", null]}}]})", "must[0].match.any[1]: null is no value");
  ExpectRefused(R"({"must": [{"key": "a", "match": {"value": 18446744073709551615}}]})", "does not fit 64 bits");
  ExpectRefused(R"({"must": [{"key": "a", "match": {"value": 1e999}}]})", "must[0].match.value");
  ExpectRefused(R"({"must": [{"key": "a", "match": {"value": {"time": "soon"}}}]})",
                "must[0].match.value.time: \"soon\" is not an ISO 8601 time");
  ExpectRefused(R"({"must": [{"key": "taken_at", "match": {"value": "soon"}}]})", "\"soon\" is not an ISO 8601 time");
  ExpectRefused(R"({"must": [{"key": "a", "range": {}}]})", "must[0].range: a range without bounds");
  ExpectRefused(R"({"must": [{"key": "a", "range": [1, 2]}]})", "must[0].range: [1,2] is not an object");
  ExpectRefused(R"({"must": [{"key": "a", "range": {"above": 1}}]})", "must[0].range.above: no such field");
  ExpectRefused(R"({"must": [{"key": "a", "range": {"gt": "yesterday"}}]})", "must[0].range.gt: \"yesterday\"");
  ExpectRefused(R"({"must": [{"key": "a", "range": {"gt": true}}]})", "must[0].range.gt: true is neither");
  ExpectRefused(R"({"must": [{"key": "a", "range": {"gt": 1, "lt": "2024-01-01"}}]})", "a time and a number");
}

std::string Nested(int levels) {
  std::string text;
  for (int i = 1; i < levels; ++i) text += R"({"must": [)";
  text += R"({"must": [{"key": "stars", "match": {"any": [{"time": 1}, 4]}}]})";
  for (int i = 1; i < levels; ++i) text += "]}";
  return text;
}

std::string Repeated(std::string_view clause, size_t times, std::string_view start, std::string_view end) {
  std::string text(start);
  for (size_t i = 0; i < times; ++i) text.append(i == 0 ? "" : ",").append(clause);
  return text.append(end);
}

TEST(FilterParserMalformedTest, DepthAndSizeAreLimited) {
  EXPECT_TRUE(Holds(Nested(8)));
  ExpectRefused(Nested(9), "more than 8 levels");
  ExpectRefused(Nested(10'000), "nested too deeply");
  const std::string_view clause = R"({"path": "/"})";
  EXPECT_TRUE(Holds(Repeated(clause, 1000, R"({"must": [)", "]}")));
  ExpectRefused(Repeated(clause, 1001, R"({"must": [)", "]}"), "must[1000]: more than 1000 conditions");
  const std::string_view start = R"({"must": [{"key": "stars", "match": {"any": [)";
  EXPECT_TRUE(Holds(Repeated("4", 10'000, start, "]}}]}")));
  ExpectRefused(Repeated("4", 10'001, start, "]}}]}"), "must[0].match.any[10000]: more than 10000 values");
  ExpectRefused(std::string((1 << 20) + 1, ' '), "more than 1 MiB");
}

TEST(FilterParserMalformedTest, MessagesStayShort) {
  const auto long_name = ParseFilter("{\"" + std::string(100'000, 'x') + "\": 1}");
  ASSERT_FALSE(long_name);
  EXPECT_LT(long_name.error().message.size(), 400U);
  const auto long_value = ParseFilter("{\"must\": [\"" + std::string(100'000, 'x') + "\"]}");
  ASSERT_FALSE(long_value);
  EXPECT_LT(long_value.error().message.size(), 400U);
}

}  // namespace
}  // namespace sightline::query
