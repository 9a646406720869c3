// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <stop_token>
#include <string_view>

#include "base/result.h"

namespace sightline {

/// When a request stops being worth answering. Every long operation takes one.
struct Limits {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::stop_token stop;

  /// Limits that end `timeout` from now.
  static Limits After(std::chrono::nanoseconds timeout, std::stop_token stop = {}) {
    return {std::chrono::steady_clock::now() + timeout, std::move(stop)};
  }

  /// Errors: kCancelled (stop requested), kDeadlineExceeded. `what` names the work in the message.
  Status Check(std::string_view what) const;
};

}  // namespace sightline
