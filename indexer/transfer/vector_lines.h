// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/metadata.h"
#include "base/result.h"
#include "base/types.h"
#include "indexer/json_records.h"

namespace sightline::indexer {

/// How the members of a line are read.
enum class LineStyle {
  /// `id` (text or an integer) or `path` (or a file:// or other URI), `type` (image, clip, text), `metadata`: an object
  /// of typed values. Another member is an error.
  kStrict,
  /// One flat object, as tables are turned into JSON lines: the first of `image_path`, `path` and `url` is the path,
  /// everything of a metadata type is metadata, anything else is left out.
  kFlat,
};

/// What one line says about the row of the same number.
struct VectorLine {
  std::string error;  ///< Not empty: why the line cannot be used; the rest is empty then.
  std::string path;   ///< Spelled as an item's path is; a URL as it is written. Empty: none given.
  std::string id;     ///< Empty: none given.
  UnitType type = UnitType::kImage;
  Metadata metadata;
};

/// Reads the companion of a matrix of vectors: JSON lines, or one JSON array. Line i (array element i - 1) is about row
/// i - 1; an empty line says nothing about its row. Holds one line. Thread-compatible.
class VectorLineReader {
 public:
  /// Errors: as JsonRecordReader::Open.
  static Result<VectorLineReader> Open(const std::filesystem::path& file, LineStyle style);

  /// What is said about the next row; nothing behind the last line.
  VectorLine Next();

 private:
  VectorLineReader(JsonRecordReader reader, std::filesystem::path folder, LineStyle style)
      : reader_(std::move(reader)), folder_(std::move(folder)), style_(style) {}
  void ReadAhead();

  JsonRecordReader reader_;
  std::filesystem::path folder_;  ///< Which paths are relative to.
  LineStyle style_;
  uint64_t next_row_ = 0;
  bool has_ahead_ = false;
  JsonRecord ahead_;
};

/// How many rows a companion file is about: the number of its last line that is not empty. Reads the whole file.
/// Errors: as JsonRecordReader::Open.
Result<uint64_t> CountVectorLines(const std::filesystem::path& file);

}  // namespace sightline::indexer
