// SPDX-License-Identifier: BSD-3-Clause
#include "storage/data_folder.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "base/file_io.h"

namespace sightline::storage {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxNameLength = 64;
// No collection can be called so.
constexpr std::string_view kDroppedPrefix = ".dropped-";

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

constexpr std::string_view kCollections = "collections";

fs::path CollectionsFolder(const fs::path& data_dir) { return data_dir / kCollections; }

}  // namespace

Status CheckCollectionName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameLength || !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" cannot name a collection: use 1 to 64 letters, digits, '-' and '_'", name));
  }
  return {};
}

fs::path CollectionFolder(const fs::path& data_dir, std::string_view name) {
  return CollectionsFolder(data_dir) / name;
}

fs::path UploadFolder(const fs::path& data_dir) { return data_dir / "media"; }

fs::path UploadsWithin(const fs::path& folder) { return folder / "media"; }

fs::path UploadsBeside(const fs::path& collection) {
  if (collection.parent_path().filename() != kCollections) return {};
  return UploadFolder(collection.parent_path().parent_path()) / collection.filename();
}

Result<std::vector<std::string>> ListCollections(const fs::path& data_dir) {
  const fs::path folder = CollectionsFolder(data_dir);
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    std::error_code ignored;
    if (CheckCollectionName(name) && entries->is_directory(ignored)) names.push_back(name);
  }
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "list", folder));
  std::sort(names.begin(), names.end());
  return names;
}

Status RemoveCollectionFolder(const fs::path& data_dir, std::string_view name) {
  SL_RETURN_IF_ERROR(CheckCollectionName(name));
  const fs::path folder = CollectionFolder(data_dir, name);
  const fs::path dropped = CollectionsFolder(data_dir) / fmt::format("{}{}", kDroppedPrefix, name);
  std::error_code error;
  fs::remove_all(dropped, error);
  if (!error) fs::rename(folder, dropped, error);
  if (error == std::errc::no_such_file_or_directory) {
    return Fail(ErrorCode::kNotFound, fmt::format("no collection \"{}\"", name));
  }
  if (!error) fs::remove_all(dropped, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "remove", folder));
  return {};
}

void RemoveDroppedCollections(const fs::path& data_dir) {
  std::error_code error;
  std::vector<fs::path> dropped;
  for (fs::directory_iterator entries(CollectionsFolder(data_dir), error);
       !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (entries->path().filename().string().starts_with(kDroppedPrefix)) dropped.push_back(entries->path());
  }
  for (const fs::path& folder : dropped) fs::remove_all(folder, error);
}

}  // namespace sightline::storage
