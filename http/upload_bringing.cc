// SPDX-License-Identifier: BSD-3-Clause
#include "http/upload_bringing.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "base/file_io.h"
#include "base/metadata.h"
#include "storage/data_folder.h"
#include "storage/snapshot_files.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;

constexpr size_t kItemsPerCommit = 256;

// Calls `visit` with every place where the item says a path.
void VisitPaths(storage::ItemRecord& item, const std::function<void(std::string& path)>& visit) {
  for (storage::ItemPath& path : item.paths) visit(path.path);
  const auto described = item.metadata.find(metadata_key::kCaptionOf);
  if (described == item.metadata.end()) return;
  for (MetadataValue& value : described->second) {
    if (auto* const path = std::get_if<std::string>(&value)) visit(*path);
  }
}

// An item may have been an upload of several collections.
void DropRepeatedPaths(storage::ItemRecord& item) {
  std::set<std::string> seen;
  std::erase_if(item.paths, [&seen](const storage::ItemPath& path) { return !seen.insert(path.path).second; });
}

struct Upload {
  std::string& path;  // In the item.
  fs::path home;      // Where it lies in this data folder, whatever the path says.
  fs::path here;      // What it becomes.
};

std::vector<Upload> UploadsOf(const MediaStore& media, std::string_view name, std::span<storage::ItemRecord> items) {
  std::vector<Upload> uploads;
  for (storage::ItemRecord& item : items) {
    VisitPaths(item, [&](std::string& path) {
      auto here = media.PathIn(name, path);
      if (!here) return;
      const std::string owner = fs::path(path).parent_path().parent_path().filename().string();
      uploads.push_back({path, media.PathIn(owner, path).value_or(path), *std::move(here)});
    });
  }
  return uploads;
}

// The items as they are once their uploads are here; what has gone meanwhile is left out.
Result<size_t> BringSome(MediaStore& media, std::string_view name, storage::Collection& collection,
                         std::span<const ItemId> ids) {
  SL_ASSIGN_OR_RETURN(const auto found, collection.records().GetItems(ids));
  std::vector<storage::ItemRecord> before;
  for (const auto& item : found) {
    if (item) before.push_back(*item);
  }
  std::vector<storage::ItemRecord> after = before;
  SL_ASSIGN_OR_RETURN(const auto held, BringUploads(media, name, after));
  const std::lock_guard changing(collection.change_mutex());
  SL_ASSIGN_OR_RETURN(const auto now, collection.records().GetItems(ids));
  storage::WriteSet changes;
  for (size_t i = 0; i < after.size(); ++i) {
    const bool is_same = std::find(now.begin(), now.end(), before[i]) != now.end();
    if (is_same && after[i] != before[i]) changes.put_items.push_back(std::move(after[i]));
  }
  if (!changes.empty()) SL_RETURN_IF_ERROR(collection.Commit(changes));
  return changes.put_items.size();
}

}  // namespace

Result<std::shared_ptr<void>> BringUploads(MediaStore& media, std::string_view name,
                                           std::span<storage::ItemRecord> items) {
  const std::vector<Upload> uploads = UploadsOf(media, name, items);
  if (uploads.empty()) return nullptr;
  std::vector<fs::path> files;
  for (const Upload& upload : uploads) files.push_back(upload.here);
  SL_ASSIGN_OR_RETURN(auto locks, media.Lock(files, {}));
  auto held = std::make_shared<MediaStore::FileLock>(std::move(locks));
  std::set<fs::path> folders;
  for (const Upload& upload : uploads) {
    SL_ASSIGN_OR_RETURN(const bool is_there, media.Share(upload.home, upload.here));
    if (!is_there) continue;
    upload.path = upload.here.string();
    folders.insert(upload.here.parent_path());
  }
  for (storage::ItemRecord& item : items) DropRepeatedPaths(item);
  for (const fs::path& folder : folders) SL_RETURN_IF_ERROR(storage::SyncPath(folder));
  return held;
}

Result<size_t> BringUploadsOfAll(MediaStore& media, std::string_view name, storage::Collection& collection,
                                 const Limits& limits) {
  std::vector<ItemId> strangers;  // Items with an upload of another collection.
  SL_RETURN_IF_ERROR(collection.ForEachItem([&](storage::ItemRecord item) {
    if (!UploadsOf(media, name, std::span(&item, 1)).empty()) strangers.push_back(item.id);
    return !limits.stop.stop_requested();
  }));
  size_t changed = 0;
  for (size_t first = 0; first < strangers.size(); first += kItemsPerCommit) {
    SL_RETURN_IF_ERROR(limits.Check("bring uploads"));
    const size_t count = std::min(kItemsPerCommit, strangers.size() - first);
    SL_ASSIGN_OR_RETURN(const size_t now,
                        BringSome(media, name, collection, std::span(strangers).subspan(first, count)));
    changed += now;
  }
  return changed;
}

Result<size_t> TakeRestoredUploads(MediaStore& media, std::string_view name, const fs::path& collection) {
  const fs::path restored = storage::UploadsWithin(collection);
  SL_ASSIGN_OR_RETURN(const auto files, storage::FilesBelow(restored));
  std::set<fs::path> folders;
  for (const fs::path& file : files) {
    const fs::path to = media.folder() / name / file;
    SL_ASSIGN_OR_RETURN(const auto lock, media.Lock(std::span(&to, 1), {}));
    SL_RETURN_IF_ERROR(media.Share(restored / file, to));
    folders.insert(to.parent_path());
  }
  for (const fs::path& folder : folders) SL_RETURN_IF_ERROR(storage::SyncPath(folder));
  std::error_code error;
  fs::remove_all(restored, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "remove", restored));
  return files.size();
}

}  // namespace sightline::http
