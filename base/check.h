// SPDX-License-Identifier: BSD-3-Clause
#pragma once

namespace sightline {

/// Writes the failed condition to standard error and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace sightline

/// Ends the process when our own invariant is broken. Input, files and model output never reach it.
#define SL_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::sightline::CheckFailed(#condition, __FILE__, __LINE__))
