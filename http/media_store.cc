// SPDX-License-Identifier: BSD-3-Clause
#include "http/media_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/file_io.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;

// A waiting caller looks so often whether it should still wait.
constexpr std::chrono::milliseconds kPatience{100};

Status SyncFolder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  const int error_number = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) return tl::unexpected<Error>(ErrnoError(error_number, "fsync folder", folder));
  return {};
}

// Makes a folder and those above it so that they outlive a power loss, as the files in it shall.
Status MakeFolder(const fs::path& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  if (folder.has_parent_path()) SL_RETURN_IF_ERROR(MakeFolder(folder.parent_path()));
  fs::create_directory(folder, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "make the folder", folder));
  return SyncFolder(folder.has_parent_path() ? folder.parent_path() : fs::path("."));
}

}  // namespace

Result<std::unique_ptr<MediaStore>> MediaStore::Open(const fs::path& folder) {
  SL_RETURN_IF_ERROR(MakeFolder(folder));
  std::error_code error;
  fs::path canonical = fs::canonical(folder, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "open", folder));
  return std::unique_ptr<MediaStore>(new MediaStore(std::move(canonical)));
}

Result<MediaStore::FileLock> MediaStore::Lock(std::span<const fs::path> files, const Limits& limits) {
  std::set<size_t> places;  // In one order for everybody, so that nobody waits in a circle.
  for (const fs::path& file : files) {
    places.insert(std::hash<std::string>()(file.stem().string()) % locks_.size());
  }
  FileLock held;
  for (const size_t place : places) {
    std::unique_lock lock(locks_[place], std::defer_lock);
    while (!lock.try_lock_for(kPatience)) SL_RETURN_IF_ERROR(limits.Check("wait for another upload of the same file"));
    held.push_back(std::move(lock));
  }
  return held;
}

fs::path MediaStore::PathOf(std::string_view collection, std::string_view content, std::string_view extension) const {
  Sha256 sha;
  sha.Update(content);
  const std::string name = ToHex(sha.Finish());
  return folder_ / collection / name.substr(0, 2) / fmt::format("{}.{}", name, extension);
}

Result<bool> MediaStore::Put(const fs::path& path, std::string_view content) {
  std::error_code error;
  // A file of the right size is whole: it was written beside its place and renamed.
  if (fs::file_size(path, error) == content.size() && !error) return false;
  SL_RETURN_IF_ERROR(MakeFolder(path.parent_path()));
  SL_RETURN_IF_ERROR(WriteFileAtomically(path, content));
  return true;
}

Status MediaStore::Replace(const fs::path& path, std::string_view content) {
  SL_RETURN_IF_ERROR(MakeFolder(path.parent_path()));
  return WriteFileAtomically(path, content);
}

bool MediaStore::Owns(std::string_view collection, const fs::path& path) const {
  return path.parent_path().parent_path() == folder_ / collection;
}

Status MediaStore::Remove(const fs::path& path) {
  for (const fs::path& file : {path, fs::path(path).replace_extension("jsonl")}) {
    std::error_code error;
    fs::remove(file, error);
    if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "remove", file));
  }
  return {};
}

Status MediaStore::Drop(std::string_view collection) {
  std::error_code error;
  fs::remove_all(folder_ / collection, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "remove", folder_ / collection));
  return {};
}

}  // namespace sightline::http
