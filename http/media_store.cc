// SPDX-License-Identifier: BSD-3-Clause
#include "http/media_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/file_io.h"
#include "storage/snapshot_files.h"

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

// Begins the name of the note that a collection is being dropped; no collection's name has a dot.
constexpr std::string_view kDropPrefix = ".dropping-";

// As many characters as a SHA-256 has.
constexpr size_t kNameSize = 64;
// Of them the folder has so many.
constexpr size_t kFolderSize = 2;

tl::unexpected<Error> CannotRead(const std::error_code& error, const fs::path& folder) {
  return tl::unexpected<Error>(ErrnoError(error.value(), "read the folder", folder));
}

// What lies in a folder, sorted; nothing in one that is not there.
Result<std::vector<fs::path>> EntriesOf(const fs::path& folder, bool (*takes)(const fs::directory_entry&)) {
  std::vector<fs::path> out;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error == std::errc::no_such_file_or_directory) return out;
  while (!error && entries != fs::directory_iterator()) {
    if (takes(*entries)) out.push_back(entries->path());
    entries.increment(error);
  }
  if (error) return CannotRead(error, folder);
  std::sort(out.begin(), out.end());
  return out;
}

bool IsFolder(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_directory(ignored) && !entry.is_symlink(ignored);
}

bool IsFile(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_regular_file(ignored) && !entry.is_symlink(ignored);
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
    places.insert(std::hash<std::string>()(UploadOf(file).filename().string()) % locks_.size());
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
  return folder_ / collection / name.substr(0, kFolderSize) / fmt::format("{}.{}", name, extension);
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

// A path may come from an export that somebody else made, so only what PathOf could have said is taken for an upload.
bool MediaStore::IsUpload(const fs::path& path) const {
  const fs::path folder = path.parent_path();
  const std::string name = path.filename().string();
  const std::string extension = path.extension().string();
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const auto is_word = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); };
  return folder.parent_path().parent_path().filename() == folder_.filename() &&
         !folder.parent_path().filename().string().starts_with('.') && name.size() > kNameSize + 1 &&
         std::all_of(name.begin(), name.begin() + kNameSize, is_hex) && name.size() == kNameSize + extension.size() &&
         std::all_of(extension.begin() + 1, extension.end(), is_word) &&
         folder.filename().string() == name.substr(0, kFolderSize);
}

bool MediaStore::Owns(std::string_view collection, const fs::path& path) const {
  return IsUpload(path) && path.parent_path().parent_path() == folder_ / collection;
}

std::optional<fs::path> MediaStore::PathIn(std::string_view collection, const fs::path& path) const {
  if (!IsUpload(path)) return std::nullopt;
  fs::path here = folder_ / collection / path.parent_path().filename() / path.filename();
  if (here == path) return std::nullopt;
  return here;
}

Result<bool> MediaStore::Share(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(from, error))) return fs::is_regular_file(to, error);
  // As in Put, a file of the right size is whole.
  const uint64_t size = fs::file_size(from, error);
  if (!error && fs::file_size(to, error) == size && !error) return true;
  SL_RETURN_IF_ERROR(MakeFolder(to.parent_path()));
  fs::path beside = to;
  beside += fmt::format(".tmp{}", ::getpid());
  fs::remove(beside, error);
  SL_RETURN_IF_ERROR(storage::LinkOrCopy(from, beside));
  // A copy is the same file too: what is known about it goes by its time.
  fs::last_write_time(beside, fs::last_write_time(from, error), error);
  fs::rename(beside, to, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "rename", beside));
  return true;
}

Status MediaStore::Remove(const fs::path& path) {
  for (const fs::path& file : {path, fs::path(path).replace_extension("jsonl")}) {
    std::error_code error;
    fs::remove(file, error);
    if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "remove", file));
  }
  return {};
}

Result<std::vector<fs::path>> MediaStore::FoldersOf(std::string_view collection) const {
  return EntriesOf(folder_ / collection, IsFolder);
}

Result<std::vector<fs::path>> MediaStore::FilesIn(const fs::path& folder) { return EntriesOf(folder, IsFile); }

fs::path MediaStore::UploadOf(const fs::path& file) {
  return file.parent_path() / file.filename().string().substr(0, kNameSize);
}

Status MediaStore::Drop(std::string_view collection) {
  std::error_code error;
  fs::remove_all(folder_ / collection, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "remove", folder_ / collection));
  return ForgetDrop(collection);
}

Status MediaStore::BeginDrop(std::string_view collection) {
  return WriteFileAtomically(folder_ / fmt::format("{}{}", kDropPrefix, collection), "");
}

Status MediaStore::ForgetDrop(std::string_view collection) {
  const fs::path note = folder_ / fmt::format("{}{}", kDropPrefix, collection);
  std::error_code error;
  fs::remove(note, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "remove", note));
  return {};
}

Status MediaStore::FinishDrops(std::span<const std::string> names) {
  SL_ASSIGN_OR_RETURN(const auto files, FilesIn(folder_));
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    if (!name.starts_with(kDropPrefix)) continue;
    const std::string collection = name.substr(kDropPrefix.size());
    const bool is_there = std::find(names.begin(), names.end(), collection) != names.end();
    SL_RETURN_IF_ERROR(is_there ? ForgetDrop(collection) : Drop(collection));
  }
  return {};
}

}  // namespace sightline::http
