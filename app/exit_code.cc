// SPDX-License-Identifier: BSD-3-Clause
#include "app/exit_code.h"

#include "base/check.h"

namespace sightline::app {

ExitCode ExitCodeFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
      return ExitCode::kUsage;
    case ErrorCode::kUnsupported:
    case ErrorCode::kCorruption:
      return ExitCode::kInput;
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kInternal:
      return ExitCode::kEnvironment;
    case ErrorCode::kCancelled:
      return ExitCode::kInterrupted;
  }
  CheckFailed("ExitCodeFor: not an ErrorCode", __FILE__, __LINE__);
}

}  // namespace sightline::app
