// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace sightline::indexer {

/// Something that a scan came across: a file to index, or a path that it could not take.
struct ScanEntry {
  std::filesystem::path path;  ///< Of a file: absolute, all links resolved; any bytes, not only UTF-8.
  std::string error;           ///< Empty: a file. Otherwise why the scan could not take it.
};

/// Finds the pictures and videos below given paths, one entry at a time: nothing but the entries of one folder, the
/// folders still to walk and the files that were named or linked to is held in memory. Thread-compatible; use one
/// object per scan.
///
/// - A folder's files come in order of name (bytes), then its folders, each in the same way.
/// - Inside folders: names that start with a dot are skipped, and only names that look like pictures or videos are
/// taken. A file
///   that is named is taken whatever its name is.
/// - Every real file comes once, however often it is named or linked to. Links are resolved, so a file has one path
///   however it was reached; a folder is walked once, so loops end.
/// - A broken link, a FIFO, socket or device is an error when it is named or has such a name.
/// - An unreadable folder is an error.
/// - What `may_read` refuses is an error, under the name by which it was come across: what lies behind a link that
/// leads
///   out is neither listed nor told.
class Scanner {
 public:
  /// Returns false to end the scan.
  using Visitor = std::function<bool(ScanEntry)>;
  /// Asked about files and folders, with all links resolved.
  using MayRead = std::function<bool(const std::filesystem::path&)>;

  /// @param may_read  empty: everything.
  explicit Scanner(MayRead may_read = {}) : may_read_(std::move(may_read)) {}

  /// Visits everything below `inputs` in order. Blocking I/O.
  /// @return whether it came to the end.
  bool Scan(std::span<const std::filesystem::path> inputs, const Visitor& visit);

 private:
  using FolderKey = std::pair<uint64_t, uint64_t>;  ///< Device and inode.
  struct Listing {
    std::vector<std::string> files;    ///< Names of everything that is not a folder, sorted.
    std::vector<std::string> folders;  ///< Canonical paths, sorted by name.
    std::vector<std::string> refused;  ///< Names of links to folders that may not be read.
  };

  bool ScanInput(const std::filesystem::path& input, const Visitor& visit);
  bool WalkFolder(const std::filesystem::path& root, const Visitor& visit);
  bool ListFolder(const std::filesystem::path& folder, Listing& listing, std::string& error) const;
  bool VisitEntry(const std::filesystem::path& path, const Visitor& visit);
  bool MayTake(const std::filesystem::path& canonical) const { return !may_read_ || may_read_(canonical); }
  bool VisitLinked(const std::filesystem::path& canonical, const Visitor& visit);

  const MayRead may_read_;
  std::map<FolderKey, bool> walked_;              ///< Folders begun; true: listed without an error.
  std::unordered_set<std::string> taken_singly_;  ///< Files taken by name or link, which a walk may meet again.
};

}  // namespace sightline::indexer
