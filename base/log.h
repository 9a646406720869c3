// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sightline {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

/// "debug", "info", "warning", "error"; absent for anything else.
std::optional<LogLevel> ParseLogLevel(std::string_view name);

/// Chooses what reaches standard error: this level and worse. The default is kWarning. Thread-safe.
void SetLogLevel(LogLevel level);

/// Whether a line of this level would be written: for callers to whom making one is work.
bool IsLogged(LogLevel level);

enum class LogFormat {
  kText,    ///< For people: "2026-11-26 15:30:00.123 info: message key=value".
  kLogfmt,  ///< time=2026-11-26T15:30:00.123Z level=info msg="message" key=value
  kJson,    ///< {"time":"2026-11-26T15:30:00.123Z","level":"info","msg":"message","key":"value"}
};

/// "text", "logfmt", "json"; absent for anything else.
std::optional<LogFormat> ParseLogFormat(std::string_view name);

/// The form of the lines from now on. The default is kText. Thread-safe.
void SetLogFormat(LogFormat format);

/// Something that a program may look for in a line.
struct LogField {
  std::string_view key;    ///< Letters and underscores.
  std::string value;       ///< Any bytes; a line stays one line.
  bool is_number = false;  ///< `value` is a number as JSON has it.
};

/// Writes one line to standard error with time and level. Thread-safe; formatting is the caller's.
void Log(LogLevel level, std::string_view message);
void Log(LogLevel level, std::string_view message, std::span<const LogField> fields);

/// The line that Log writes, without the line feed.
std::string FormatLogLine(LogFormat format, std::string_view time, LogLevel level, std::string_view message,
                          std::span<const LogField> fields);

}  // namespace sightline
