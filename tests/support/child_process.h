// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace sightline::testing {

/// A program that a test started, with its standard output as lines. Killed on destruction.
class ChildProcess {
 public:
  /// @param arguments  the program's path first.   @param variables  "NAME=value", added to the environment.
  explicit ChildProcess(const std::vector<std::string>& arguments, const std::vector<std::string>& variables = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  /// The next line without its end; nullopt when the output has ended or nothing came in time.
  std::optional<std::string> ReadLine(std::chrono::milliseconds timeout);

  /// SIGKILL, and waits until it is gone.
  void Kill();

  /// Waits for its end. @return the exit status, or minus the signal that ended it.
  int Wait();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffer_;
};

}  // namespace sightline::testing
