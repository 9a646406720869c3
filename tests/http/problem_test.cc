// SPDX-License-Identifier: BSD-3-Clause
#include "http/problem.h"

#include <boost/json.hpp>

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

json::object BodyOf(const Response& response) { return json::parse(std::get<std::string>(response.body)).as_object(); }

Request RequestNamed(std::string id) {
  Request request;
  request.id = std::move(id);
  return request;
}

TEST(ProblemTest, SaysWhatWhereAndWhose) {
  const Response response =
      ProblemResponse(RequestNamed("r1"), Problem(ErrorCode::kInvalidArgument, "top_k: 0 is too small", "/top_k"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.Find("Content-Type"), "application/problem+json");
  const json::object expected = {{"type", "about:blank"},
                                 {"title", "Bad Request"},
                                 {"status", 400},
                                 {"code", "invalid_argument"},
                                 {"detail", "top_k: 0 is too small"},
                                 {"field", "/top_k"},
                                 {"request_id", "r1"}};
  EXPECT_EQ(BodyOf(response), expected);
}

TEST(ProblemTest, AnErrorIsAProblemWithoutField) {
  const Response response = ProblemResponse(RequestNamed("r"), Error{ErrorCode::kNotFound, "no item 7"});
  EXPECT_EQ(response.status, 404);
  EXPECT_FALSE(BodyOf(response).contains("field"));
  EXPECT_EQ(response.headers.Find("Retry-After"), std::nullopt);
}

TEST(ProblemTest, WhatMaySucceedLaterSaysWhen) {
  Problem busy(ErrorCode::kResourceExhausted, "the queue is full");
  EXPECT_EQ(ProblemResponse(RequestNamed("r"), busy).headers.Find("Retry-After"), "1");
  busy.retry_after_s = 5;
  const Response response = ProblemResponse(RequestNamed("r"), busy);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.Find("Retry-After"), "5");
}

TEST(ProblemTest, StatusesThatNoErrorHas) {
  Problem refused(401, "unauthorized", "no key");
  refused.headers.Set("WWW-Authenticate", "Bearer");
  const Response response = ProblemResponse(RequestNamed("r"), refused);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(BodyOf(response)["code"], "unauthorized");
  EXPECT_EQ(BodyOf(response)["title"], "Unauthorized");
  EXPECT_EQ(response.headers.Find("WWW-Authenticate"), "Bearer");
}

TEST(ProblemMalformedTest, BytesThatAreNotUtf8AreReplaced) {
  const Response response = ProblemResponse(RequestNamed("r"), Error{ErrorCode::kNotFound, "no \xFF"});
  EXPECT_EQ(BodyOf(response)["detail"], "no \xEF\xBF\xBD");
}

ProblemOr<int> Half(int number) {
  if (number % 2 != 0) return tl::make_unexpected(Problem(ErrorCode::kInvalidArgument, "odd", "/number"));
  return number / 2;
}
ProblemOr<int> Quarter(int number) {
  SL_ASSIGN_OR_PROBLEM(const int half, Half(number));
  return Half(half);
}
ProblemOr<int> FromResult(Result<int> number) {
  SL_ASSIGN_OR_RETURN(const int value, std::move(number));
  return value;
}

TEST(ProblemTest, IsPassedOnWithItsField) {
  EXPECT_EQ(Quarter(8), 2);
  const auto failed = Quarter(6);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().field, "/number");
  EXPECT_EQ(FromResult(Fail(ErrorCode::kNotFound, "gone")).error().error.message, "gone");
}

}  // namespace
}  // namespace sightline::http
