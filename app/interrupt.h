// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "app/session.h"

namespace sightline::app {

/// While it lives, the first SIGINT or SIGTERM prints a hint to the session's stderr and requests a stop; the second
/// ends the process at once. At most one at a time. In a session that has a stop token of its own, as in a server, that
/// one counts instead of signals, and there may be any number.
class InterruptHandler {
 public:
  /// @param session  must outlive it.
  /// @param hint  one line that says what happens now; printed after the first signal.
  InterruptHandler(const Session& session, std::string hint);
  ~InterruptHandler();
  InterruptHandler(const InterruptHandler&) = delete;
  InterruptHandler& operator=(const InterruptHandler&) = delete;

  std::stop_token token() const { return on_stop_ ? session_stop_ : stop_.get_token(); }

 private:
  const std::stop_token session_stop_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;  ///< Where the session has a token.
  std::stop_source stop_;
  int read_end_ = -1;
  std::jthread watcher_;
};

}  // namespace sightline::app
