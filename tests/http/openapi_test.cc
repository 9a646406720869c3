// SPDX-License-Identifier: BSD-3-Clause
// The OpenAPI document against the router; what routes answer is held against it by the fixture.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/http/api_fixture.h"

namespace sightline::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::OpenApiChecker;

std::string LowerCase(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return static_cast<char>(c | 0x20); });
  return out;
}

class OpenApiTest : public testing::ApiFixture {
 protected:
  const OpenApiChecker checker_{OpenApiDocument()};
};

TEST_F(OpenApiTest, DocumentIsServedAsItIs) {
  const testing::Answer answer = Get("/openapi.json");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, OpenApiDocument());
  EXPECT_EQ(answer.json().at("openapi"), "3.1.0");
}

TEST_F(OpenApiTest, DocumentIsSound) { EXPECT_THAT(checker_.CheckDocument(), IsEmpty()); }

TEST_F(OpenApiTest, EveryRouteIsDocumentedUnderItsName) {
  const auto documented = checker_.Operations();
  for (const Route& route : router_->routes()) {
    const OpenApiChecker::Operation operation = {LowerCase(NameOf(route.method)), route.pattern, route.operation};
    EXPECT_TRUE(std::find(documented.begin(), documented.end(), operation) != documented.end())
        << operation.method << " " << operation.path << " " << operation.id;
  }
}

TEST_F(OpenApiTest, NothingIsDocumentedThatIsNotThere) {
  std::vector<std::string> operations;
  for (const Route& route : router_->routes()) operations.push_back(route.operation);
  for (const OpenApiChecker::Operation& operation : checker_.Operations()) {
    EXPECT_THAT(operations, ::testing::Contains(operation.id)) << operation.path;
  }
}

TEST_F(OpenApiTest, RoutesThatTakeABodySayWhich) {
  for (const Route& route : router_->routes()) {
    const auto& operation = checker_.document().at("paths").at(route.pattern).at(LowerCase(NameOf(route.method)));
    EXPECT_EQ(operation.as_object().contains("requestBody"), route.max_body_bytes > 0) << route.operation;
  }
}

// What the server may answer before a handler is asked.
TEST_F(OpenApiTest, EveryRouteSaysWhatTheServerItselfMayAnswer) {
  for (const OpenApiChecker::Operation& operation : checker_.Operations()) {
    const auto statuses = checker_.StatusesOf(operation.id);
    for (const int status : {400, 403, 408, 413, 431, 500, 503}) {
      EXPECT_TRUE(statuses.contains(status)) << operation.id << " " << status;
    }
  }
  for (const Route& route : router_->routes()) {
    const bool needs_key = route.access != Access::kOpen;
    EXPECT_EQ(checker_.StatusesOf(route.operation).contains(401), needs_key) << route.operation;
  }
}

TEST_F(OpenApiTest, RoutesAreHeldAgainstAcceptByTheTypesThatTheyAnswer) {
  for (const Route& route : router_->routes()) {
    const auto types = checker_.TypesOf(route.operation);
    // The page's files come whoever asks; of an item's file its handler sees what it is.
    const bool is_of_many = route.operation == "page_file" || route.operation == "get_media";
    for (const std::string_view type : route.produces) {
      if (type == "application/problem+json") continue;  // What every other answer is.
      EXPECT_TRUE(types.contains(std::string(type))) << route.operation << " " << type;
    }
    EXPECT_EQ(route.produces.empty(), is_of_many || types.empty()) << route.operation;
    EXPECT_EQ(checker_.StatusesOf(route.operation).contains(406),
              !route.produces.empty() || route.operation == "get_media")
        << route.operation;
  }
}

TEST_F(OpenApiTest, OperationsHaveNamesOfTheirOwn) {
  std::vector<std::string> ids;
  for (const OpenApiChecker::Operation& operation : checker_.Operations()) ids.push_back(operation.id);
  std::sort(ids.begin(), ids.end());
  EXPECT_TRUE(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
}

TEST_F(OpenApiTest, ParametersOfPathsAreDescribed) {
  for (const auto& [path, item] : checker_.document().at("paths").as_object()) {
    for (const auto& [method, operation] : item.as_object()) {
      std::string described;
      if (const auto* parameters = operation.as_object().if_contains("parameters")) {
        for (const auto& parameter : parameters->as_array()) {
          if (parameter.at("in") == "path")
            described += fmt::format("{{{}}}", std::string_view(parameter.at("name").as_string()));
        }
      }
      std::string named;
      const std::string text(path);
      for (size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
        named += text.substr(at, text.find('}', at) - at + 1);
      }
      EXPECT_EQ(described, named) << text;
    }
  }
}

constexpr std::string_view kTinyDocument = R"({"paths": {"/x": {"get": {"operationId": "x", "responses": {
  "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}, "204": {}}}}},
  "components": {"schemas": {"Thing": {"type": "object", "required": ["a"], "properties": {
    "a": {"type": ["integer", "null"], "minimum": 1}, "b": {"type": "array", "items": {"enum": ["x", "y"]}}}}}}})";

// The checker itself must be able to fail.
TEST(OpenApiCheckerTest, AnswersThatAreNotDocumentedAreFound) {
  const OpenApiChecker checker(kTinyDocument);
  const auto check = [&](int status, std::string_view type, std::string_view body) {
    return checker.CheckAnswer("x", status, type, body);
  };
  constexpr std::string_view kJson = "application/json";
  EXPECT_THAT(check(200, kJson, R"({"a": 1, "b": ["x"]})"), IsEmpty());
  EXPECT_THAT(check(200, "application/json; charset=utf-8", R"({"a": null})"), IsEmpty());
  EXPECT_THAT(check(204, "", ""), IsEmpty());
  EXPECT_THAT(check(404, kJson, "{}"), ElementsAre(HasSubstr("answers 404")));
  EXPECT_THAT(check(200, "text/html", "{}"), ElementsAre(HasSubstr("text/html")));
  EXPECT_THAT(check(204, "", "x"), ElementsAre(HasSubstr("with a body")));
  EXPECT_THAT(check(200, kJson, "{"), ElementsAre(HasSubstr("not JSON")));
  EXPECT_THAT(check(200, kJson, "[]"), ElementsAre(HasSubstr("is not \"object\"")));
  EXPECT_THAT(check(200, kJson, "{}"), ElementsAre(HasSubstr("lacks a")));
  EXPECT_THAT(check(200, kJson, R"({"a": 0})"), ElementsAre(HasSubstr("too small")));
  EXPECT_THAT(check(200, kJson, R"({"a": 1.5})"), ElementsAre(HasSubstr("is not")));
  EXPECT_THAT(check(200, kJson, R"({"a": 1, "b": ["z"]})"), ElementsAre(HasSubstr("none of")));
  EXPECT_THAT(check(200, kJson, R"({"a": 1, "c": 2})"), ElementsAre(HasSubstr(".c: not documented")));
  EXPECT_THAT(checker.CheckAnswer("y", 200, kJson, "{}"), ElementsAre(HasSubstr("not documented")));
}

TEST(OpenApiCheckerTest, SchemasThatItDoesNotUnderstandAreFound) {
  const OpenApiChecker checker(R"({"paths": {}, "components": {"schemas": {
    "A": {"type": "object", "minProperties": 1}, "B": {"type": "object", "required": ["x"]}}}})");
  EXPECT_THAT(checker.CheckDocument(), ElementsAre(HasSubstr("minProperties"), HasSubstr("requires x")));
}

}  // namespace
}  // namespace sightline::http
