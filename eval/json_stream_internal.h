// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "base/result.h"
#include "eval/byte_chunks.h"

namespace sightline::eval {

/// Which records of a JSON file are wanted, and what of them is kept.
struct RecordShape {
  /// Keys of the root object whose values are lists of records; "": the root may be the list itself.
  std::vector<std::string> lists;
  /// Members of a record that are kept, at any depth of it. All others are read over.
  std::vector<std::string> keys;
};

/// One record, while it is handed over.
struct StreamedRecord {
  size_t list = 0;    ///< Index into RecordShape::lists.
  std::string where;  ///< For messages: `entry 3`, `entry 3 of "images"`, `line 3`.
  const boost::json::object& fields;
};

/// @return whether to go on. An error ends the reading and is returned.
using OnRecord = std::function<Result<bool>(const StreamedRecord& record)>;

/// Reads a JSON file record by record in the order of the file: memory is bounded by what one record keeps, whatever
/// the size of the file and of the values that nobody wants.
/// @return per list of the shape, whether the file has it (as far as it was read).
/// Errors: kCorruption (not JSON, not UTF-8, nested deeper than 32; the message has the byte), kInvalidArgument (the
/// root is of another kind, a list is none, a record is no object), kResourceExhausted (a record keeps more than 16
/// MiB), kUnavailable, and those of `on_record`.
Result<std::vector<bool>> StreamRecords(ByteChunks chunks, const RecordShape& shape, const OnRecord& on_record);

/// As StreamRecords, for JSON lines: every line that is not blank is a record. Messages have the line as well.
Status StreamLines(ByteChunks chunks, const std::vector<std::string>& keys, const OnRecord& on_record);

/// The text of a member. Errors: kInvalidArgument (absent, or not a string, or empty).
Result<std::string> TextOf(const StreamedRecord& record, std::string_view key);

/// A member that is an id: a whole number, or a text that is not empty. Errors: kInvalidArgument (absent, or neither).
Result<std::string> IdOf(const StreamedRecord& record, std::string_view key);

/// The error of a record that is not as it should be.
tl::unexpected<Error> WrongRecord(const StreamedRecord& record, std::string_view what);

}  // namespace sightline::eval
