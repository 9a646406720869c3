// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "eval/byte_chunks.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// What the columns of a list of captions are called.
struct CsvSetOptions {
  /// Of the picture's or video's path; of several names, the first that the head line has.
  std::vector<std::string> image_columns = {"image",    "video", "path",       "filename", "file_name",
                                            "filepath", "file",  "image_path", "video_id"};
  std::vector<std::string> caption_columns = {"caption", "text", "sentence", "description", "title"};  ///< As above.
  char separator = ',';
};

/// Parses a list of captions: a head line, then one caption a row; other columns are ignored. Rows that name the same
/// picture add captions to it. Rows without a picture, without words, not in UTF-8, or that repeat an earlier row are
/// left out and listed. The set has videos if a path has the extension of one.
/// Errors: kCorruption (a broken quote), kInvalidArgument (no head line, a column is missing or there twice, a row of
/// another length; the message has the line), kResourceExhausted (a row of more than 16 MiB), kUnavailable.
Result<RetrievalSet> ParseCsvSet(ByteChunks chunks, const CsvSetOptions& options);

/// As ParseCsvSet, from a file of any size. Errors also: kNotFound.
Result<RetrievalSet> ReadCsvSet(const std::filesystem::path& path, const CsvSetOptions& options);

}  // namespace sightline::eval
