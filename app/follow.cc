// SPDX-License-Identifier: BSD-3-Clause
#include "app/follow.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "app/removal.h"
#include "indexer/location.h"
#include "indexer/media_name.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

// Everything that came from below these, and is really gone, in one walk over the collection.
Status RemoveBelow(storage::Collection& collection, Remover& remover, const std::vector<std::string>& prefixes) {
  const auto goes = [&](const std::string& path) {
    const auto is_below = [&](const std::string& prefix) { return path.starts_with(prefix); };
    return std::any_of(prefixes.begin(), prefixes.end(), is_below) && indexer::HasVanished(path);
  };
  Status added;
  SL_RETURN_IF_ERROR(collection.ForEachItem([&](const storage::ItemRecord& item) {
    Removal removal = PlanRemoval(item, goes);
    if (!removal.removed_paths.empty()) added = remover.Add(std::move(removal));
    return added.has_value();
  }));
  return added;
}

Status RemoveFile(storage::Collection& collection, Remover& remover, const std::string& path) {
  const storage::RecordStore& records = collection.records();
  SL_ASSIGN_OR_RETURN(const std::optional<ItemId> id, records.FindItem(path));
  if (!id || !indexer::HasVanished(path)) return {};
  if (remover.IsPending(*id)) SL_RETURN_IF_ERROR(remover.Flush());
  SL_ASSIGN_OR_RETURN(auto items, records.GetItems(std::span(&*id, 1)));
  if (!items[0]) return {};
  return remover.Add(PlanRemoval(*std::move(items[0]), [&](const std::string& known) { return known == path; }));
}

Status RemoveGone(const FollowTask& task, const FolderChanges& changes) {
  Remover remover(task.collection, {.json = task.json, .out = task.session.io.out});
  std::vector<std::string> prefixes;
  for (const fs::path& path : changes.gone) {
    SL_RETURN_IF_ERROR(RemoveFile(task.collection, remover, path.string()));
    if (path.extension() == ".tar") prefixes.push_back(path.string() + "#");
  }
  for (const fs::path& folder : changes.gone_folders) prefixes.push_back(folder.string() + "/");
  SL_RETURN_IF_ERROR(remover.Flush());
  if (!prefixes.empty()) SL_RETURN_IF_ERROR(RemoveBelow(task.collection, remover, prefixes));
  SL_RETURN_IF_ERROR(remover.Flush());
  std::fflush(task.session.io.out);
  return {};
}

// Folders, what is named, and what looks like a picture or a video; not what has gone again already.
std::vector<fs::path> Wanted(const FollowTask& task, const std::set<fs::path>& written) {
  std::vector<fs::path> wanted;
  for (const fs::path& path : written) {
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    const auto names_it = [&](const fs::path& named) { return fs::equivalent(named, path, error); };
    if (indexer::HasMediaName(path.filename().native()) || fs::is_directory(path, error) ||
        std::any_of(task.paths.begin(), task.paths.end(), names_it)) {
      wanted.push_back(path);
    }
  }
  return wanted;
}

// After changes were missed: everything is looked at. What is below a path that is gone itself stays: its disk may be
// unmounted.
FolderChanges Everything(const FollowTask& task) {
  FolderChanges changes;
  for (const fs::path& path : task.paths) {
    std::error_code error;
    const fs::path canonical = fs::canonical(path, error);
    if (error) continue;
    changes.written.insert(canonical);
    if (fs::is_directory(canonical, error)) changes.gone_folders.insert(canonical);
  }
  return changes;
}

}  // namespace

Status Follow(const FollowTask& task, FolderWatch& watch, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    SL_ASSIGN_OR_RETURN(FolderChanges changes, watch.Wait(task.quiet, task.most, stop));
    if (stop.stop_requested()) break;  // The next run of the command sees what came last.
    if (changes.overflow) {
      // First watched, then looked at, as at the beginning.
      SL_RETURN_IF_ERROR(watch.Restart(task.paths));
      changes = Everything(task);
    }
    // First what came: what was moved keeps its item then.
    std::vector<fs::path> wanted = Wanted(task, changes.written);
    if (!wanted.empty()) SL_RETURN_IF_ERROR(task.index(std::move(wanted)));
    SL_RETURN_IF_ERROR(RemoveGone(task, changes));
  }
  return {};
}

}  // namespace sightline::app
