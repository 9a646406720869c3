// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace sightline::indexer {

/// A new file that is written from its start to its end and durable once it is finished. What is not finished stays
/// behind as it is. Thread-compatible.
class OutputFile {
 public:
  /// Errors: kAlreadyExists, kNotFound (no such folder), kResourceExhausted, kUnavailable.
  static Result<OutputFile> Create(const std::filesystem::path& path);

  /// Errors: kResourceExhausted (disk full), kUnavailable.
  Status Append(std::string_view bytes);

  /// Writes over the first bytes of the file, flushes it to the disk and closes it. `start` may be empty. Nothing
  /// follows. Errors: as Append.
  Status Finish(std::string_view start = {});

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  Error LastError(std::string_view what) const;

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Closer> file_;
};

/// Makes the names in a folder durable. Errors: kUnavailable.
Status SyncFolderOf(const std::filesystem::path& folder);

}  // namespace sightline::indexer
