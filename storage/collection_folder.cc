// SPDX-License-Identifier: BSD-3-Clause
#include "storage/collection_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

#include "base/file_io.h"
#include "storage/record_codec.h"

namespace sightline::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMarkerName = "COLLECTION";
constexpr std::string_view kMarkerStart = "sightline collection\nformat ";
constexpr size_t kMaxMarkerBytes = 4096;

fs::path MarkerPath(const fs::path& folder) { return folder / kMarkerName; }

std::string MarkerText(uint32_t version) { return std::string(kMarkerStart) + std::to_string(version) + "\n"; }

Status SyncFolder(const fs::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error_number = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) return tl::unexpected(ErrnoError(error_number, "sync the folder", folder));
  return {};
}

/// As create_directories, and the names of the new folders are durable.
Status MakeFolders(const fs::path& folder) {
  if (folder.empty() || fs::is_directory(folder)) return {};
  SL_RETURN_IF_ERROR(MakeFolders(folder.parent_path()));
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    return tl::unexpected(ErrnoError(errno, "create the folder", folder));
  }
  return SyncFolder(folder.parent_path());
}

/// What an interrupted creation may have left. What only a restore makes has names that other folders have as well: it
/// is ours where a lock file lies beside it.
bool IsOurs(const std::string& name, bool has_lock) {
  if (has_lock && (name == "segments" || name == "media")) return true;
  return name == "LOCK" || name == "records" || name.starts_with(std::string(kMarkerName) + ".tmp");
}

Status CheckOnlyOurs(const fs::path& folder) {
  std::error_code failed;
  const bool has_lock = fs::exists(folder / "LOCK", failed);
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    const std::string name = it->path().filename().string();
    if (!IsOurs(name, has_lock)) {
      return Fail(ErrorCode::kFailedPrecondition,
                  folder.string() + ": a new collection needs an empty folder, and this one holds " + name);
    }
  }
  if (failed) return tl::unexpected(ErrnoError(failed.value(), "list the folder", folder));
  return {};
}

Status RemoveLeftovers(const fs::path& folder) {
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    if (it->path().filename() != "LOCK") fs::remove_all(it->path(), failed);
    if (failed) break;
  }
  if (failed) return tl::unexpected(ErrnoError(failed.value(), "remove an unfinished collection", folder));
  return {};
}

}  // namespace

fs::path RecordsFolder(const fs::path& folder) { return folder / "records"; }

Result<uint32_t> CheckMarker(const fs::path& folder) {
  const auto text = ReadFile(MarkerPath(folder), kMaxMarkerBytes);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    std::error_code ignored;
    const bool is_unfinished = fs::exists(RecordsFolder(folder), ignored);
    return Fail(ErrorCode::kNotFound, folder.string() + (is_unfinished ? ": the creation of this collection was never "
                                                                         "finished; create it again"
                                                                       : ": there is no collection"));
  }
  if (!text) return tl::unexpected(text.error());
  uint32_t version = 0;
  if (text->starts_with(kMarkerStart)) {
    std::from_chars(text->data() + kMarkerStart.size(), text->data() + text->size(), version);
  }
  if (version > kFormatVersion) {
    return Fail(ErrorCode::kFailedPrecondition, folder.string() + ": the collection has format version " +
                                                    std::to_string(version) + "; this program reads up to " +
                                                    std::to_string(kFormatVersion));
  }
  if (version == 0 || *text != MarkerText(version)) {
    return Fail(ErrorCode::kCorruption, MarkerPath(folder).string() + ": not a collection's marker");
  }
  return version;
}

Result<FolderLock> PrepareFolder(const fs::path& folder, const std::string& socket) {
  const auto exists = [&folder] {
    return Fail(ErrorCode::kAlreadyExists, folder.string() + ": there is a collection already");
  };
  std::error_code ignored;
  if (fs::exists(MarkerPath(folder), ignored)) return exists();
  SL_RETURN_IF_ERROR(MakeFolders(fs::absolute(folder).lexically_normal()));
  SL_RETURN_IF_ERROR(CheckOnlyOurs(folder));
  SL_ASSIGN_OR_RETURN(FolderLock lock, FolderLock::Acquire(folder, socket));
  if (fs::exists(MarkerPath(folder), ignored)) return exists();
  SL_RETURN_IF_ERROR(RemoveLeftovers(folder));
  return lock;
}

Status WriteMarker(const fs::path& folder) {
  return WriteFileAtomically(MarkerPath(folder), MarkerText(kFormatVersion));
}

uint64_t DiskBytes(const fs::path& folder) {
  uint64_t bytes = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    std::error_code vanished;
    if (!it->is_regular_file(vanished)) continue;
    const uint64_t size = it->file_size(vanished);
    if (!vanished) bytes += size;
  }
  return bytes;
}

}  // namespace sightline::storage
