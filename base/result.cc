// SPDX-License-Identifier: BSD-3-Clause
#include "base/result.h"

#include "base/check.h"

namespace sightline {

ErrorCategory CategoryOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kUnsupported:
      return ErrorCategory::kCaller;
    case ErrorCode::kCorruption:
      return ErrorCategory::kData;
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kResourceExhausted:
      return ErrorCategory::kEnvironment;
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kCancelled:
      return ErrorCategory::kRetry;
    case ErrorCode::kInternal:
      return ErrorCategory::kBug;
  }
  CheckFailed("CategoryOf: not an ErrorCode", __FILE__, __LINE__);
}

std::string_view NameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid argument";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kAlreadyExists:
      return "already exists";
    case ErrorCode::kFailedPrecondition:
      return "failed precondition";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kResourceExhausted:
      return "resource exhausted";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kDeadlineExceeded:
      return "deadline exceeded";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kCorruption:
      return "corruption";
    case ErrorCode::kInternal:
      return "internal error";
  }
  CheckFailed("NameOf: not an ErrorCode", __FILE__, __LINE__);
}

}  // namespace sightline
