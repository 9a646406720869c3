// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <vector>

#include "app/folder_watch.h"
#include "app/session.h"
#include "base/result.h"
#include "storage/collection.h"

namespace sightline::app {

/// Keeps a collection current with what it was made of.
struct FollowTask {
  const Session& session;
  storage::Collection& collection;
  std::vector<std::filesystem::path> paths;  ///< What is watched.
  /// Indexes these paths, of which some may be gone.
  std::function<Status(std::vector<std::filesystem::path>)> index;
  bool json = false;                      ///< How removals are told.
  std::chrono::milliseconds quiet{1000};  ///< What is written in one go is indexed in one go.
  std::chrono::milliseconds most{10'000};
};

/// Indexes what changes below the paths and removes what goes, until a stop is requested. `watch` was opened before the
/// paths were indexed, so that nothing is missed in between. When the kernel's queue was too short for what changed,
/// all is watched anew and looked at. What is on a disk that is unmounted stays. Errors: those of `index`, of
/// FolderWatch::Wait and Restart, and of Collection::Commit.
Status Follow(const FollowTask& task, FolderWatch& watch, const std::stop_token& stop);

}  // namespace sightline::app
