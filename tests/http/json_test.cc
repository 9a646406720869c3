// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <fmt/format.h>

#include "http/json_internal.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

struct Fields {
  std::string name = "-";
  std::optional<std::string> text{};
  uint64_t top_k = 10;
  double weight = 0.5;
  std::optional<double> min_match{};
  bool explain = false;
  std::vector<std::string> tags{};
  std::vector<float> vector{};
  friend bool operator==(const Fields&, const Fields&) = default;
};

ProblemOr<Fields> Read(std::string_view text) {
  SL_ASSIGN_OR_PROBLEM(const json::value value, ParseJson(text));
  Fields fields;
  ObjectReader reader(value.as_object(), "/query");
  reader.Text("name", &fields.name, ObjectReader::kRequired);
  reader.Text("text", &fields.text);
  reader.Integer("top_k", 1, 1000, &fields.top_k);
  reader.Number("weight", 0, 1, &fields.weight);
  reader.Number("min_match", 0, 1, &fields.min_match);
  reader.Bool("explain", &fields.explain);
  reader.Texts("tags", 2, &fields.tags);
  reader.Floats("vector", 3, &fields.vector);
  SL_RETURN_IF_PROBLEM(reader.Finish());
  return fields;
}

void ExpectRefused(std::string_view text, std::string_view field, std::string_view part) {
  const auto read = Read(text);
  ASSERT_FALSE(read) << text;
  EXPECT_EQ(read.error().error.code, ErrorCode::kInvalidArgument) << text;
  EXPECT_EQ(read.error().field, field) << text;
  EXPECT_THAT(read.error().error.message, ::testing::HasSubstr(part)) << text;
}

Request RequestWith(std::string body, std::optional<std::string> type = "application/json") {
  Request request;
  request.body = std::move(body);
  if (type) request.headers.Add("Content-Type", *type);
  return request;
}

TEST(ObjectReaderTest, ReadsEveryKind) {
  const auto fields = Read(R"({"name": "a", "text": "b", "top_k": 5, "weight": 1, "min_match": 0.25, "explain": true,
                               "tags": ["x", "y"], "vector": [1, -2.5, 3e2]})");
  ASSERT_TRUE(fields) << fields.error().error.message;
  EXPECT_EQ(*fields, (Fields{"a", "b", 5, 1.0, 0.25, true, {"x", "y"}, {1.0F, -2.5F, 300.0F}}));
}

TEST(ObjectReaderTest, AbsentAndNullFieldsKeepTheirDefaults) {
  const Fields expected = {.name = "a"};
  EXPECT_EQ(Read(R"({"name": "a"})"), expected);
  EXPECT_EQ(Read(R"({"name": "a", "text": null, "top_k": null, "min_match": null, "tags": null})"), expected);
}

TEST(ObjectReaderTest, AWholeNumberMayBeWrittenWithPoint) {
  EXPECT_EQ(Read(R"({"name": "a", "top_k": 10.0})")->top_k, 10);
}

TEST(ObjectReaderMalformedTest, FieldsAreNamedByPointer) {
  ExpectRefused(R"({})", "/query/name", "missing");
  ExpectRefused(R"({"name": null})", "/query/name", "missing");
  ExpectRefused(R"({"name": 5})", "/query/name", "5 is not text");
  ExpectRefused(R"({"name": "a", "top_k": 0})", "/query/top_k", "0 is not a whole number from 1 to 1000");
  ExpectRefused(R"({"name": "a", "top_k": -1})", "/query/top_k", "-1");
  ExpectRefused(R"({"name": "a", "top_k": 1.5})", "/query/top_k", "whole number");
  ExpectRefused(R"({"name": "a", "top_k": 18446744073709551615})", "/query/top_k", "whole number");
  ExpectRefused(R"({"name": "a", "top_k": 1e300})", "/query/top_k", "whole number");
  ExpectRefused(R"({"name": "a", "weight": 1e999})", "/query/weight", "number");
  ExpectRefused(R"({"name": "a", "min_match": "x"})", "/query/min_match", "number");
  ExpectRefused(R"({"name": "a", "explain": 1})", "/query/explain", "true or false");
  ExpectRefused(R"({"name": "a", "tags": "x"})", "/query/tags", "not a list");
  ExpectRefused(R"({"name": "a", "tags": ["x", 1]})", "/query/tags", "1 is not text");
  ExpectRefused(R"({"name": "a", "tags": ["x", "y", "z"]})", "/query/tags", "3 texts, more than 2");
  ExpectRefused(R"({"name": "a", "vector": [1, 1e39]})", "/query/vector", "finite");
  ExpectRefused(R"({"name": "a", "vector": [1, 2, 3, 4]})", "/query/vector", "4 numbers, more than 3");
}

TEST(ObjectReaderMalformedTest, UnknownFieldsAreRefusedByName) {
  ExpectRefused(R"({"name": "a", "topk": 5})", "/query/topk", "no such field");
  ExpectRefused(R"({"name": "a", "a/b~c": 5})", "/query/a~1b~0c", "no such field");
}

TEST(ParseJsonTest, DepthIsLimited) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(ParseJson(nested(kMaxJsonDepth)));
  EXPECT_FALSE(ParseJson(nested(kMaxJsonDepth + 1)));
  EXPECT_FALSE(ParseJson(std::string(1'000'000, '[')));
}

TEST(ParseJsonTest, MemoryIsLimitedByTheTextThatNeedsIt) {
  std::string ones = "[1";
  while (ones.size() < 10'000'000) ones += ",1";
  const auto refused = ParseJson(ones + "]");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 413);
  std::string objects = "[{}";
  while (objects.size() < 10'000'000) objects += ",{}";
  EXPECT_FALSE(ParseJson(objects + "]"));
  // What clients send: a long picture, and a long vector.
  EXPECT_TRUE(ParseJson("\"" + std::string(40'000'000, 'A') + "\""));
  EXPECT_TRUE(ParseJson(ones.substr(0, 200'000) + "]"));
}

TEST(ParseJsonMalformedTest, WhatIsNoJsonIsRefused) {
  for (const char* text : {"", "{", "nul", "{} {}", "{\"a\": \"\xFF\"}", "{'a': 1}", "[1,]", "NaN"}) {
    const auto value = ParseJson(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().error.code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(ParseJsonBodyTest, TypesOfJsonAreTaken) {
  for (const char* type : {"application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"}) {
    EXPECT_TRUE(ParseJsonBody(RequestWith("{}", type))) << type;
  }
  EXPECT_TRUE(ParseJsonBody(RequestWith("{}", std::nullopt)));
}

TEST(ParseJsonBodyMalformedTest, OtherTypesAndOtherValuesAreRefused) {
  EXPECT_EQ(ParseJsonBody(RequestWith("{}", "text/plain")).error().status, 415);
  EXPECT_EQ(ParseJsonBody(RequestWith("")).error().error.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ParseJsonBody(RequestWith("[1]")).error().error.code, ErrorCode::kInvalidArgument);
}

TEST(QuoteJsonTest, LongValuesAreCut) {
  EXPECT_EQ(QuoteJson(json::value(5)), "5");
  EXPECT_LT(QuoteJson(json::value(std::string(10'000, 'x'))).size(), 200);
  EXPECT_LT(QuoteJson(json::value(json::array(10'000, json::value(1)))).size(), 200);
}

}  // namespace
}  // namespace sightline::http
