// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_io.h"
#include "base/result.h"
#include "eval/live_protocol.h"

namespace sightline::eval {

/// The outcomes of one run of the live protocol, kept query by query in a file, so that an interrupted evaluation goes
/// on at the query where it was. A file that was cut off anywhere counts up to its last whole line. Thread-compatible.
class StageLog {
 public:
  /// Opens the log, or begins it, with its folder. One that was kept under another `key` (one line that has everything
  /// in it that decides the outcomes) begins anew. Errors: kUnavailable, kResourceExhausted.
  static Result<StageLog> Open(const std::filesystem::path& path, std::string_view key);

  /// What was kept, in the order of asking.
  const std::vector<QueryOutcome>& outcomes() const { return outcomes_; }
  bool finished() const { return finished_; }
  size_t skipped() const { return skipped_; }  ///< Of a finished run.

  /// Survives the end of the process, not that of the machine. Errors: kUnavailable, kResourceExhausted.
  Status Append(std::span<const QueryOutcome> outcomes);
  Status Finish(size_t skipped);

 private:
  StageLog() = default;
  void Read(std::string_view content, std::string_view key);
  Status Write(std::string_view lines);

  std::filesystem::path path_;
  FileStream file_;
  size_t kept_bytes_ = 0;
  std::vector<QueryOutcome> outcomes_;
  bool finished_ = false;
  size_t skipped_ = 0;
};

}  // namespace sightline::eval
