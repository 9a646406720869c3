// SPDX-License-Identifier: BSD-3-Clause
#include "app/interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "app/exit_code.h"
#include "base/check.h"

namespace sightline::app {
namespace {

// A signal handler has no other way to its data than a global.
std::atomic<int> signal_count{0};
std::atomic<int> write_end{-1};

// Only async-signal-safe calls: the watcher thread does the rest.
void OnSignal(int /*signal*/) {
  if (signal_count.fetch_add(1) > 0) ::_exit(static_cast<int>(ExitCode::kInterrupted));
  const char byte = 's';
  const ssize_t written = ::write(write_end.load(), &byte, 1);
  static_cast<void>(written);  // The pipe is empty, so one byte always fits.
}

void SetHandler(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

InterruptHandler::InterruptHandler(const Session& session, std::string hint) : session_stop_(session.stop) {
  std::FILE* const err = session.io.err;
  if (session_stop_.stop_possible()) {
    on_stop_.emplace(session_stop_, [err, hint = std::move(hint)] {
      fmt::print(err, "\n{}\n", hint);
      std::fflush(err);
    });
    return;
  }
  int ends[2];
  SL_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  read_end_ = ends[0];
  write_end = ends[1];
  signal_count = 0;
  watcher_ = std::jthread([this, err, hint = std::move(hint)] {
    char byte = 0;
    if (::read(read_end_, &byte, 1) != 1) return;  // Closed by the destructor: no signal came.
    fmt::print(err, "\n{}\n", hint);
    stop_.request_stop();
  });
  SetHandler(OnSignal);
}

InterruptHandler::~InterruptHandler() {
  if (on_stop_) return;
  SetHandler(SIG_DFL);
  ::close(write_end.exchange(-1));
  watcher_.join();
  ::close(read_end_);
}

}  // namespace sightline::app
