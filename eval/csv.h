// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::eval {

/// One record of a CSV file.
struct CsvRow {
  size_t line = 0;  ///< Where it begins, from 1.
  std::vector<std::string> fields;
};

/// Splits comma-separated values (RFC 4180): fields may be quoted, a quote in them is doubled, quoted fields may hold
/// commas and line ends. Lines end in LF or CRLF; empty ones and a byte order mark at the start are skipped. A quote
/// inside a field that does not begin with one is an ordinary character. Bytes are not interpreted.
/// Errors: kCorruption (a quote that is never closed, something behind a closing quote; the message has the line).
Result<std::vector<CsvRow>> ParseCsv(std::string_view text);

}  // namespace sightline::eval
