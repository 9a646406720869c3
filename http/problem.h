// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

#include "base/result.h"
#include "http/message.h"

namespace sightline::http {

/// Why a request is not answered as it was asked: an Error with what only HTTP knows. Made from an Error as it is.
struct Problem {
  Error error;
  std::string field{};      ///< What is wrong: a JSON pointer into the body ("/query/text"), or a parameter's name.
  int status = 0;           ///< 0: StatusOf(error.code).
  std::string_view code{};  ///< Empty: of the error's code; else a literal ("unauthorized").
  int retry_after_s = 0;    ///< 0: no Retry-After, except 1 with the status 503.
  Headers headers{};        ///< Further fields of the answer: Allow, WWW-Authenticate.

  Problem(Error why) : error(std::move(why)) {}  // NOLINT(google-explicit-constructor)
  Problem(ErrorCode error_code, std::string message, std::string at_field = {})
      : error{error_code, std::move(message)}, field(std::move(at_field)) {}
  /// A status that no ErrorCode has. `name` is a literal.
  Problem(int http_status, std::string_view name, std::string message)
      : error{ErrorCode::kInvalidArgument, std::move(message)}, status(http_status), code(name) {}
};

/// A value, or the answer to the request that cannot have it. An Error turns into a Problem by itself, so
/// SL_RETURN_IF_ERROR and SL_ASSIGN_OR_RETURN pass on a Result in a function that returns a ProblemOr;
/// SL_ASSIGN_OR_PROBLEM passes on a ProblemOr.
template <typename T>
using ProblemOr = tl::expected<T, Problem>;

/// The HTTP status of an error. kCorruption is 500, for what we stored: who reads what the client sent sets 422.
int StatusOf(ErrorCode code);
/// "invalid_argument": the `code` of a problem, stable for programs.
std::string_view ProblemCodeOf(ErrorCode code);
/// "Not Found".
std::string_view ReasonOf(int status);

/// The answer as application/problem+json (RFC 9457): {type, title, status, code, detail, field?, request_id}.
Response ProblemResponse(const Request& request, const Problem& problem);

/// Whether what an error says is worth a line in our log: a bug, or the environment.
bool IsServerFault(int status);

}  // namespace sightline::http

/// `SL_ASSIGN_OR_PROBLEM(auto value, ReadIt(request));` in a function that returns a ProblemOr.
#define SL_ASSIGN_OR_PROBLEM(target, expression) \
  SL_ASSIGN_OR_PROBLEM_INNER(SL_CONCAT(sl_result_, __LINE__), target, expression)
#define SL_ASSIGN_OR_PROBLEM_INNER(result, target, expression)          \
  auto result = (expression);                                           \
  if (!result) return ::tl::make_unexpected(std::move(result).error()); \
  target = *std::move(result)

/// `SL_RETURN_IF_PROBLEM(reader.Finish());` in a function that returns a ProblemOr.
#define SL_RETURN_IF_PROBLEM(expression)                                                                          \
  do {                                                                                                            \
    if (auto sl_problem = (expression); !sl_problem) return ::tl::make_unexpected(std::move(sl_problem).error()); \
  } while (false)
