// SPDX-License-Identifier: BSD-3-Clause
#include "storage/snapshot.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "base/file_io.h"
#include "base/guard.h"
#include "storage/collection_folder.h"
#include "storage/data_folder.h"
#include "storage/record_codec.h"
#include "storage/segment_files.h"
#include "storage/snapshot_files.h"
#include "storage/snapshot_internal.h"

namespace sightline::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifestName = "SNAPSHOT";
constexpr size_t kMaxManifestBytes = 256 << 20;
// What lies beside the records and is never changed once it is there.
constexpr std::string_view kSegments = "segments";

/// The snapshot in the making; removed unless it was published.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {}
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }

  Status Make() const {
    std::error_code error;
    fs::remove_all(path_, error);
    fs::create_directories(path_, error);
    if (error) return tl::unexpected(ErrnoError(error.value(), "create the folder", path_));
    return {};
  }

  Status Publish(const fs::path& out) {
    SL_RETURN_IF_ERROR(SyncPath(path_));
    std::error_code error;
    fs::rename(path_, out, error);
    if (error) return tl::unexpected(ErrnoError(error.value(), "rename the snapshot to", out));
    path_.clear();
    return SyncPath(out.parent_path());
  }

 private:
  fs::path path_;
};

/// Absolute, without a slash at its end.
fs::path Normalised(const fs::path& path) {
  const fs::path absolute = fs::absolute(path).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

/// `keep` decides by name which files come along. What vanishes meanwhile was not needed any more; what came along
/// before is left as it is.
Status LinkFolder(const fs::path& from, const fs::path& to, bool (*keep)(const fs::path&)) {
  SL_ASSIGN_OR_RETURN(const auto files, FilesBelow(from));
  std::error_code error;
  if (fs::exists(from, error)) fs::create_directories(to, error);
  for (const fs::path& name : files) {
    if (!keep(name) || fs::exists(to / name, error)) continue;
    fs::create_directories((to / name).parent_path(), error);
    if (error) return tl::unexpected(ErrnoError(error.value(), "create the folder", (to / name).parent_path()));
    if (auto linked = LinkOrCopy(from / name, to / name); !linked && linked.error().code != ErrorCode::kNotFound) {
      return linked;
    }
  }
  return {};
}

bool IsSegment(const fs::path& name) { return name.extension() == ".seg"; }
bool IsWhole(const fs::path& name) { return name.native().find(".tmp") == std::string::npos; }

/// Uploads are stored before their items and removed after them, by others who do not wait for a snapshot. So they come
/// along once before the records are frozen and once after: then each item has its file.
Status LinkUploads(const fs::path& collection, const fs::path& snapshot) {
  SL_RETURN_IF_ERROR(LinkFolder(UploadsWithin(collection), UploadsWithin(snapshot), IsWhole));
  const fs::path uploads = UploadsBeside(collection);
  return uploads.empty() ? Status() : LinkFolder(uploads, UploadsWithin(snapshot), IsWhole);
}

/// Syncs every file that RocksDB copied and every folder, and lists all files.
Result<std::vector<SnapshotFile>> SyncAndList(const fs::path& folder) {
  std::vector<SnapshotFile> listed;
  SL_ASSIGN_OR_RETURN(const auto files, FilesBelow(folder));
  for (const fs::path& name : files) {
    std::error_code error;
    const uint64_t size = fs::file_size(folder / name, error);
    if (error) return tl::unexpected(ErrnoError(error.value(), "look at", folder / name));
    SL_RETURN_IF_ERROR(SyncPath(folder / name));
    listed.push_back({name.string(), size});
  }
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) SL_RETURN_IF_ERROR(SyncPath(entry.path()));
  }
  return listed;
}

/// What a process that was killed while it made this snapshot left behind: `<out>.tmp<pid>`.
void RemoveAbandoned(const fs::path& out) {
  const std::string prefix = out.filename().string() + ".tmp";
  std::error_code error;
  for (fs::directory_iterator it(out.parent_path(), error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    pid_t pid = 0;
    if (!name.starts_with(prefix)) continue;
    const auto [rest, wrong] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), pid);
    if (wrong != std::errc() || rest != name.data() + name.size() || pid <= 0) continue;
    if (::kill(pid, 0) == 0 || errno != ESRCH) continue;
    std::error_code ignored;
    fs::remove_all(it->path(), ignored);
  }
}

int64_t UnixSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

/// Files that nobody changes are shared; RocksDB writes on in the rest.
bool IsShared(const std::string& name) { return !name.starts_with("records/") || fs::path(name).extension() == ".sst"; }

Status BringFiles(const fs::path& snapshot, const SnapshotManifest& manifest, const fs::path& folder,
                  const Limits& limits) {
  for (const SnapshotFile& file : manifest.files) {
    SL_RETURN_IF_ERROR(limits.Check("restore"));
    const fs::path to = folder / file.name;
    std::error_code error;
    fs::create_directories(to.parent_path(), error);
    if (error) return tl::unexpected(ErrnoError(error.value(), "create the folder", to.parent_path()));
    SL_RETURN_IF_ERROR(IsShared(file.name) ? LinkOrCopy(snapshot / file.name, to)
                                           : CopyDurably(snapshot / file.name, to));
    SL_RETURN_IF_ERROR(SyncPath(to));  // who copied the snapshot here may not have
  }
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) SL_RETURN_IF_ERROR(SyncPath(entry.path()));
  }
  return {};
}

/// Compares the sealed segments that the manifest lists with their checksums.
Status CheckSegments(const fs::path& folder, const RocksDbRecordStore& store, const Limits& limits) {
  SL_ASSIGN_OR_RETURN(const auto manifest, store.ReadManifest());
  if (!manifest) return {};
  for (const ManifestSegment& listed : manifest->segments) {
    const Status whole = CheckSegmentFile(folder, listed.number, listed.file_bytes, listed.file_checksum,
                                          [&limits] { return limits.Check("restore"); });
    if (whole) continue;
    if (whole.error().code != ErrorCode::kNotFound && whole.error().code != ErrorCode::kCorruption) return whole;
    return Fail(ErrorCode::kCorruption, "the snapshot is damaged: " + whole.error().message);
  }
  return {};
}

/// Reads everything.
Status VerifyFiles(const fs::path& folder, const Limits& limits) {
  SL_ASSIGN_OR_RETURN(const auto store, RocksDbRecordStore::Open(RecordsFolder(folder), {}));
  SL_RETURN_IF_ERROR(store->CheckTables());
  SL_RETURN_IF_ERROR(CheckSegments(folder, *store, limits));
  VerifyReport report;
  SL_RETURN_IF_ERROR(store->Verify(*store->Freeze(), limits, report));
  if (report.findings.empty()) return {};
  return Fail(ErrorCode::kCorruption, "the snapshot is damaged: " + report.findings.front().what + " (" +
                                          std::to_string(report.findings.size()) + " findings)");
}

void RemoveContent(const fs::path& folder) {
  std::error_code ignored;
  for (const char* name : {"records", "segments", "media"}) fs::remove_all(folder / name, ignored);
}

}  // namespace

Result<SnapshotInfo> WriteSnapshot(const fs::path& collection, const RocksDbRecordStore& store, const fs::path& out) {
  return Guard("make a snapshot", [&]() -> Result<SnapshotInfo> {
    const fs::path target = Normalised(out);
    std::error_code error;
    if (fs::exists(target, error) && !(fs::is_directory(target, error) && fs::is_empty(target, error))) {
      return Fail(ErrorCode::kAlreadyExists, target.string() + ": is there already");
    }
    RemoveAbandoned(target);
    TemporaryFolder folder(target.string() + ".tmp" + std::to_string(::getpid()));
    SL_RETURN_IF_ERROR(folder.Make());
    const CollectionState state = store.state();
    SL_RETURN_IF_ERROR(LinkFolder(collection / kSegments, folder.path() / kSegments, IsSegment));
    SL_RETURN_IF_ERROR(LinkUploads(collection, folder.path()));
    SL_RETURN_IF_ERROR(store.Checkpoint(RecordsFolder(folder.path())));
    SL_RETURN_IF_ERROR(LinkUploads(collection, folder.path()));
    SnapshotManifest manifest;
    SL_ASSIGN_OR_RETURN(manifest.files, SyncAndList(folder.path()));
    manifest.info = {.format_version = kFormatVersion,
                     .created_at = UnixSeconds(),
                     .epoch = state.epoch,
                     .items = state.items,
                     .units = state.units,
                     .vectors = state.vectors,
                     .files = manifest.files.size()};
    for (const SnapshotFile& file : manifest.files) manifest.info.size_bytes += file.size_bytes;
    SL_RETURN_IF_ERROR(WriteFileAtomically(folder.path() / kManifestName, EncodeSnapshotManifest(manifest)));
    SL_RETURN_IF_ERROR(folder.Publish(target));
    return manifest.info;
  });
}

Result<SnapshotManifest> CheckSnapshot(const fs::path& folder) {
  const auto text = ReadFile(folder / kManifestName, kMaxManifestBytes);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kNotFound, folder.string() + ": there is no snapshot, or one that was never finished");
  }
  if (!text) return tl::unexpected(text.error());
  auto manifest = DecodeSnapshotManifest(*text);
  if (!manifest) return Annotate(std::move(manifest).error(), folder.string());
  for (const SnapshotFile& file : manifest->files) {
    std::error_code error;
    const uint64_t size = fs::file_size(folder / file.name, error);
    if (error) return Fail(ErrorCode::kCorruption, (folder / file.name).string() + ": is missing from the snapshot");
    if (size != file.size_bytes) {
      return Fail(ErrorCode::kCorruption, (folder / file.name).string() + ": has " + std::to_string(size) +
                                              " bytes; the snapshot was made with " + std::to_string(file.size_bytes));
    }
  }
  return manifest;
}

Result<SnapshotInfo> RestoreSnapshot(const fs::path& snapshot, const fs::path& folder, const Limits& limits) {
  return Guard("restore a snapshot", [&]() -> Result<SnapshotInfo> {
    SL_ASSIGN_OR_RETURN(const SnapshotManifest manifest, CheckSnapshot(snapshot));
    SL_ASSIGN_OR_RETURN(const FolderLock lock, PrepareFolder(folder));
    Status restored = BringFiles(snapshot, manifest, folder, limits);
    if (restored) restored = VerifyFiles(folder, limits);
    if (restored) restored = WriteMarker(folder);
    if (!restored) {
      RemoveContent(folder);
      return tl::unexpected(std::move(restored).error());
    }
    return manifest.info;
  });
}

}  // namespace sightline::storage
