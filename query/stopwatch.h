// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <utility>

namespace sightline::query {

/// Milliseconds since it was made, and since the last lap.
class Stopwatch {
 public:
  double TotalMs() const { return Ms(Clock::now() - start_); }
  double LapMs() {
    const Clock::time_point now = Clock::now();
    return Ms(now - std::exchange(lap_, now));
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double Ms(Clock::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

  Clock::time_point start_ = Clock::now();
  Clock::time_point lap_ = start_;
};

}  // namespace sightline::query
