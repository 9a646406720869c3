// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace sightline {

/// Why an operation failed. Ordered by who can act on it; `CategoryOf` groups them.
enum class ErrorCode {
  kInvalidArgument,     ///< The request itself is wrong; it fails again unchanged.
  kNotFound,            ///< The named thing does not exist.
  kAlreadyExists,       ///< The name or id is taken.
  kFailedPrecondition,  ///< Right request, wrong state: locked, made by another model, newer format.
  kUnsupported,         ///< Well-formed, but this build or this format version cannot do it.
  kResourceExhausted,   ///< A limit of size, memory, disk or queue length was reached.
  kUnavailable,         ///< A temporary condition; the same request may succeed later.
  kDeadlineExceeded,    ///< The request's deadline passed before it was done.
  kCancelled,           ///< A stop was requested.
  kCorruption,          ///< Stored or given bytes contradict their own format.
  kInternal,            ///< A bug of ours or an unexpected failure below us.
};

/// Who has to act: the caller, an operator, or nobody (try again).
enum class ErrorCategory { kCaller, kData, kEnvironment, kRetry, kBug };

/// The category that exit codes and HTTP statuses are chosen by. Total.
ErrorCategory CategoryOf(ErrorCode code);

/// "kNotFound" as "not found", for people.
std::string_view NameOf(ErrorCode code);

/// A code for programs and a message for a person that holds the offending value and the path or id.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

/// A value, or why there is none.
template <typename T>
using Result = tl::expected<T, Error>;

/// Success, or why not.
using Status = tl::expected<void, Error>;

/// `return Fail(ErrorCode::kNotFound, "...")` from any function that returns a Result or a Status.
inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// Passes an error on with the caller's context in front of its message.
inline tl::unexpected<Error> Annotate(Error error, std::string_view context) {
  error.message.insert(0, ": ").insert(0, context);
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace sightline

#define SL_CONCAT_INNER(a, b) a##b
#define SL_CONCAT(a, b) SL_CONCAT_INNER(a, b)

/// Returns the error of a Status or Result expression to the caller.
#define SL_RETURN_IF_ERROR(expression)                                           \
  do {                                                                           \
    if (auto sl_status = (expression); !sl_status) {                             \
      return ::tl::unexpected<::sightline::Error>(std::move(sl_status).error()); \
    }                                                                            \
  } while (false)

#define SL_ASSIGN_OR_RETURN_INNER(result, target, expression)               \
  auto result = (expression);                                               \
  if (!result) {                                                            \
    return ::tl::unexpected<::sightline::Error>(std::move(result).error()); \
  }                                                                         \
  target = *std::move(result)

/// `SL_ASSIGN_OR_RETURN(auto value, MakeValue());`
#define SL_ASSIGN_OR_RETURN(target, expression) \
  SL_ASSIGN_OR_RETURN_INNER(SL_CONCAT(sl_result_, __LINE__), target, expression)
