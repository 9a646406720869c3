// SPDX-License-Identifier: BSD-3-Clause
#include "base/limits.h"

#include <string>

namespace sightline {

Status Limits::Check(std::string_view what) const {
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, std::string(what) + ": stopped on request");
  if (deadline != std::chrono::steady_clock::time_point::max() && std::chrono::steady_clock::now() >= deadline) {
    return Fail(ErrorCode::kDeadlineExceeded, std::string(what) + ": the deadline passed");
  }
  return {};
}

}  // namespace sightline
