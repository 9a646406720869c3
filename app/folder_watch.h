// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include "app/owned_fd.h"
#include "base/result.h"

namespace sightline::app {

/// What changed below watched folders. Paths have all links resolved.
struct FolderChanges {
  std::set<std::filesystem::path> written;       ///< Files that were closed after writing, or came; folders that came.
  std::set<std::filesystem::path> gone;          ///< Files that were removed or moved away.
  std::set<std::filesystem::path> gone_folders;  ///< Folders that were.
  bool overflow = false;                         ///< Something was missed: look at everything (and Restart).

  bool empty() const { return written.empty() && gone.empty() && gone_folders.empty() && !overflow; }
};

/// Hears of changes in folders and all folders below them, as the kernel tells them (inotify). Names that start with a
/// dot are left out, links to folders are followed, and each real folder is watched once, as a scan has it
/// (indexer/scanner.h). Of a file that is named only the file is watched. A disk that is unmounted is no removal of
/// what was on it. Changes that another machine makes on a network disk are not told. Confined to one thread.
class FolderWatch {
 public:
  /// Errors: kNotFound (a path that is not there), kResourceExhausted (more folders than fs.inotify.max_user_watches
  /// allows; the message says so), kUnavailable.
  static Result<FolderWatch> Open(std::span<const std::filesystem::path> paths);

  /// Begins anew, for when something was missed: what came or moved meanwhile is not watched, or under a name that is
  /// not its own any more. Paths that are not there are left out: their disk may be unmounted. Errors: as Open.
  Status Restart(std::span<const std::filesystem::path> paths);

  /// Waits for changes, and then until nothing came for `quiet`, or until `most` have passed since the first.
  /// @return what changed; nothing when a stop was requested before anything came. Errors: kResourceExhausted (as
  /// Open), kUnavailable.
  Result<FolderChanges> Wait(std::chrono::milliseconds quiet, std::chrono::milliseconds most,
                             const std::stop_token& stop);

 private:
  /// A watched folder.
  struct Folder {
    std::filesystem::path path;
    std::set<std::string> names;  ///< Of the files that are watched; empty: all, and the folders in it.
  };

  explicit FolderWatch(OwnedFd inotify, OwnedFd wake) : inotify_(std::move(inotify)), wake_(std::move(wake)) {}
  Status Add(const std::filesystem::path& path);
  Status AddTree(const std::filesystem::path& root);
  Result<int> AddFolder(const std::filesystem::path& folder);
  Status Read(FolderChanges& changes);
  Status Take(int watch, uint32_t mask, const std::string& name, FolderChanges& changes);
  void Forget(const std::filesystem::path& folder);

  OwnedFd inotify_;
  OwnedFd wake_;  ///< An eventfd, for stops.
  std::map<int, Folder> folders_;
};

}  // namespace sightline::app
