// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <string_view>
#include <utility>

#include "base/limits.h"

namespace sightline::media {

/// Ends work on one video: at its deadline, at a stop request, or when there was no progress for some time. Asked
/// between packets and at every read; what happens inside one call of a decoder cannot be interrupted.
class Watchdog {
 public:
  Watchdog(Limits limits, std::chrono::nanoseconds stall_timeout);

  /// Something came out: the clock of the stall starts anew.
  void Progress() { last_progress_ = std::chrono::steady_clock::now(); }
  bool Expired() const;
  /// Errors: kCancelled, kDeadlineExceeded (the deadline, or no progress).
  Status Check(std::string_view what) const;

 private:
  bool Stalled() const { return std::chrono::steady_clock::now() - last_progress_ > stall_timeout_; }

  Limits limits_;
  std::chrono::nanoseconds stall_timeout_;
  std::chrono::steady_clock::time_point last_progress_ = std::chrono::steady_clock::now();
};

}  // namespace sightline::media
