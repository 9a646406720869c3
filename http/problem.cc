// SPDX-License-Identifier: BSD-3-Clause
#include "http/problem.h"

#include <algorithm>
#include <iterator>

#include <boost/json.hpp>

#include "base/check.h"
#include "base/utf8.h"

namespace sightline::http {
namespace {

constexpr std::pair<int, std::string_view> kReasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

}  // namespace

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kFailedPrecondition:
      return 409;
    case ErrorCode::kUnsupported:
      return 422;
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kCorruption:
    case ErrorCode::kInternal:
      return 500;
  }
  CheckFailed("StatusOf: not an ErrorCode", __FILE__, __LINE__);
}

std::string_view ProblemCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kAlreadyExists:
      return "already_exists";
    case ErrorCode::kFailedPrecondition:
      return "failed_precondition";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kResourceExhausted:
      return "resource_exhausted";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kDeadlineExceeded:
      return "deadline_exceeded";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kCorruption:
      return "corruption";
    case ErrorCode::kInternal:
      return "internal";
  }
  CheckFailed("ProblemCodeOf: not an ErrorCode", __FILE__, __LINE__);
}

std::string_view ReasonOf(int status) {
  const auto* found = std::ranges::find(kReasons, status, &std::pair<int, std::string_view>::first);
  if (found != std::end(kReasons)) return found->second;
  return status < 400 ? "Success" : "Error";
}

Response ProblemResponse(const Request& request, const Problem& problem) {
  const int status = problem.status != 0 ? problem.status : StatusOf(problem.error.code);
  boost::json::object body;
  body["type"] = "about:blank";
  body["title"] = ReasonOf(status);
  body["status"] = status;
  body["code"] = problem.code.empty() ? ProblemCodeOf(problem.error.code) : problem.code;
  body["detail"] = ValidUtf8(problem.error.message);
  if (!problem.field.empty()) body["field"] = ValidUtf8(problem.field);
  body["request_id"] = request.id;
  Response response = {.status = status, .headers = problem.headers, .body = boost::json::serialize(body)};
  response.headers.Set("Content-Type", "application/problem+json");
  response.headers.Set("Cache-Control", "no-store");
  const int retry_after_s = problem.retry_after_s > 0 ? problem.retry_after_s : status == 503 ? 1 : 0;
  if (retry_after_s > 0) response.headers.Set("Retry-After", std::to_string(retry_after_s));
  return response;
}

bool IsServerFault(int status) { return status >= 500 && status != 503; }

}  // namespace sightline::http
