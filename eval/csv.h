// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "eval/byte_chunks.h"

namespace sightline::eval {

/// One record of a CSV file.
struct CsvRow {
  size_t line = 0;  ///< Where it begins, from 1.
  std::vector<std::string> fields;
};

/// What a row is given to. An error ends the reading and is returned.
using OnCsvRow = std::function<Status(CsvRow row)>;

/// Splits comma-separated values (RFC 4180), or values with another separator, row by row: fields may be quoted, a
/// quote in them is doubled, quoted fields may hold separators and line ends. Lines end in LF or CRLF; empty ones and a
/// byte order mark at the start are skipped. A quote inside a field that does not begin with one is an ordinary
/// character. Bytes are not interpreted. Memory is bounded by a row.
/// Errors: kCorruption (a quote that is never closed, something behind a closing quote; the message has the line),
/// kResourceExhausted (a row of more than 16 MiB), kUnavailable, and those of `on_row`.
Status StreamCsv(ByteChunks chunks, char separator, const OnCsvRow& on_row);

/// All rows of a text at once. Errors: as StreamCsv.
Result<std::vector<CsvRow>> ParseCsv(std::string_view text);

}  // namespace sightline::eval
