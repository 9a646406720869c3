// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace sightline {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// Chooses what reaches standard error: this level and worse. The default is kWarning. Thread-safe.
void SetLogLevel(LogLevel level);

/// Writes one line to standard error with time and level. Thread-safe; formatting is the caller's.
void Log(LogLevel level, std::string_view message);

}  // namespace sightline
