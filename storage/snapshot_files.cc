// SPDX-License-Identifier: BSD-3-Clause
#include "storage/snapshot_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/file_io.h"

namespace sightline::storage {

namespace fs = std::filesystem;

Status LinkOrCopy(const fs::path& from, const fs::path& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  const int error_number = errno;
  if (error_number == EXDEV || error_number == EPERM || error_number == EMLINK || error_number == EOPNOTSUPP) {
    return CopyDurably(from, to);
  }
  return tl::unexpected(ErrnoError(error_number, "link", from));
}

Status CopyDurably(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error) return tl::unexpected(ErrnoError(error.value(), "copy", from));
  return SyncPath(to);
}

Result<std::vector<fs::path>> FilesBelow(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error);
  if (error == std::errc::no_such_file_or_directory) return files;
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    std::error_code vanished;
    if (it->is_regular_file(vanished)) files.push_back(it->path().lexically_relative(folder));
  }
  if (error) return tl::unexpected(ErrnoError(error.value(), "list the folder", folder));
  std::sort(files.begin(), files.end());
  return files;
}

Status SyncPath(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error_number = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) return tl::unexpected(ErrnoError(error_number, "sync", path));
  return {};
}

}  // namespace sightline::storage
