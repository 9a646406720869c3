// SPDX-License-Identifier: BSD-3-Clause
#include "base/log.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <iterator>
#include <memory>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/check.h"
#include "base/utf8.h"

namespace sightline {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 3> kFormatNames = {"text", "logfmt", "json"};

std::string_view NameOf(LogLevel level) { return kLevelNames.at(static_cast<size_t>(level)); }

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  CheckFailed("ToSpdlog: not a LogLevel", __FILE__, __LINE__);
}

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("sightline", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::warn);
    return made;
  }();
  return *logger;
}

std::atomic<LogFormat>& Format() {
  static std::atomic<LogFormat> format = LogFormat::kText;
  return format;
}

/// Local time for people, UTC for programs; with milliseconds.
std::string TimeNow(LogFormat format) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const time_t seconds = static_cast<time_t>(milliseconds / 1000);
  const bool for_people = format == LogFormat::kText;
  tm parts = {};
  for_people ? ::localtime_r(&seconds, &parts) : ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}.{:03}{}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, for_people ? ' ' : 'T', parts.tm_hour, parts.tm_min, parts.tm_sec,
                     milliseconds % 1000, for_people ? "" : "Z");
}

/// In double quotes, with the escapes that JSON and logfmt have in common.
void AppendQuoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : ValidUtf8(text)) {
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

/// Quoted only where a reader would not find the end of it.
void AppendValue(std::string& out, std::string_view text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7F && c != '"' && c != '=' &&
           c != '\\';
  });
  if (plain) {
    out.append(text);
  } else {
    AppendQuoted(out, text);
  }
}

std::string JsonLine(std::string_view time, LogLevel level, std::string_view message,
                     std::span<const LogField> fields) {
  std::string out = fmt::format(R"({{"time":"{}","level":"{}","msg":)", time, NameOf(level));
  AppendQuoted(out, message);
  for (const LogField& field : fields) {
    fmt::format_to(std::back_inserter(out), ",\"{}\":", field.key);
    if (field.is_number) {
      out.append(field.value);
    } else {
      AppendQuoted(out, field.value);
    }
  }
  return out.append("}");
}

void AppendPairs(std::string& out, std::span<const LogField> fields) {
  for (const LogField& field : fields) {
    fmt::format_to(std::back_inserter(out), " {}=", field.key);
    AppendValue(out, field.value);
  }
}

template <typename Enum, size_t kCount>
std::optional<Enum> ParseName(const std::array<std::string_view, kCount>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view name) { return ParseName<LogLevel>(kLevelNames, name); }

std::optional<LogFormat> ParseLogFormat(std::string_view name) { return ParseName<LogFormat>(kFormatNames, name); }

void SetLogLevel(LogLevel level) { Logger().set_level(ToSpdlog(level)); }

bool IsLogged(LogLevel level) { return Logger().should_log(ToSpdlog(level)); }

void SetLogFormat(LogFormat format) { Format() = format; }

std::string FormatLogLine(LogFormat format, std::string_view time, LogLevel level, std::string_view message,
                          std::span<const LogField> fields) {
  if (format == LogFormat::kJson) return JsonLine(time, level, message, fields);
  std::string out;
  if (format == LogFormat::kText) {
    out = fmt::format("{} {}: {}", time, NameOf(level), message);
  } else {
    out = fmt::format("time={} level={} msg=", time, NameOf(level));
    AppendValue(out, message);
  }
  AppendPairs(out, fields);
  return out;
}

void Log(LogLevel level, std::string_view message) { Log(level, message, {}); }

void Log(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  if (!IsLogged(level)) return;
  const LogFormat format = Format();
  Logger().log(ToSpdlog(level), FormatLogLine(format, TimeNow(format), level, message, fields));
}

}  // namespace sightline
