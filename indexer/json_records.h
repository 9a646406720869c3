// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file_io.h"
#include "base/result.h"

namespace sightline::indexer {

/// One record of a file, or why there is none at this place.
struct JsonRecord {
  uint64_t number = 0;  ///< Of its line, from 1; in an array its index, from 0.
  std::string text;     ///< JSON, not parsed.
  std::string error;    ///< Not empty: what is wrong here; the reader goes on behind it if it can.
};

/// Cuts a file into JSON records without parsing them: the lines of JSON lines, or the elements of one array, which is
/// recognised by its first character. Holds one record and a small buffer, so files may have any size. A byte order
/// mark and empty lines are skipped. Thread-compatible.
class JsonRecordReader {
 public:
  /// A record may have so many bytes.
  static constexpr size_t kMaxRecordBytes = 16 << 20;

  /// Errors: kNotFound, kInvalidArgument (not a regular file), kUnavailable (cannot be read).
  static Result<JsonRecordReader> Open(const std::filesystem::path& path);

  /// @return false at the end. A file that cannot be read to its end, an array that does not end, and whatever follows
  /// an array are records with an error.
  bool Next(JsonRecord& record);

  /// "line 3", or "entry 2" in an array.
  std::string NameOf(const JsonRecord& record) const;
  bool is_array() const { return is_array_; }

 private:
  JsonRecordReader() = default;
  int Peek();
  int Take();
  int PeekBehindSpace();
  void SkipByteOrderMark();
  bool NextLine(JsonRecord& record);
  bool NextElement(JsonRecord& record);
  void ReadElement(JsonRecord& record);
  bool End(JsonRecord& record, std::string error);

  FileStream file_;
  std::vector<char> buffer_;
  size_t at_ = 0;
  size_t filled_ = 0;
  bool is_array_ = false;
  bool done_ = false;
  uint64_t next_number_ = 1;
};

}  // namespace sightline::indexer
