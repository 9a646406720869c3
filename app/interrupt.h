// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>
#include <thread>

namespace sightline::app {

/// While it lives, the first SIGINT or SIGTERM prints a hint to stderr and requests a stop; the second ends the process
/// at once. At most one at a time.
class InterruptHandler {
 public:
  /// @param hint  one line that says what happens now; printed after the first signal.
  explicit InterruptHandler(std::string hint);
  ~InterruptHandler();
  InterruptHandler(const InterruptHandler&) = delete;
  InterruptHandler& operator=(const InterruptHandler&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  int read_end_ = -1;
  std::jthread watcher_;
};

}  // namespace sightline::app
