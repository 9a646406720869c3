// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace sightline::app {

/// ValidUtf8 without line breaks or other control characters, for tables and messages.
std::string OneLine(std::string_view bytes);

/// A word of a command line as a POSIX shell reads it: in quotes where it needs them.
std::string ShellWord(std::string_view text);

/// A quoted TOML string.
std::string TomlString(std::string_view value);

/// "1.5 MB", "980 bytes": powers of 1000.
std::string HumanBytes(uint64_t bytes);

/// A share of 1 as "12.5 %"; "-" where there is none.
std::string PercentOrDash(const std::optional<double>& share);

/// "1 h 05 min", "2 min 10 s", "12 s".
std::string HumanSeconds(double seconds);

/// A moment of a video as "0:14", "1:02:05"; with tenths ("0:14.5") where `tenths` says so. Rounded down, so that it
/// never names a later second than the one that is shown.
std::string ClockTime(int64_t microseconds, bool tenths = false);

/// Local time as "2026-11-24 18:05", for seconds since 1970.
std::string HumanTime(int64_t seconds);

}  // namespace sightline::app
