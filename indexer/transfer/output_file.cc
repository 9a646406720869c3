// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_io.h"

namespace sightline::indexer {

Result<OutputFile> OutputFile::Create(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0 && errno == EEXIST) return Fail(ErrorCode::kAlreadyExists, path.string() + ": exists already");
  if (fd < 0) return tl::unexpected(ErrnoError(errno, "create", path));
  OutputFile file;
  file.path_ = path;
  file.file_.reset(::fdopen(fd, "wb"));
  if (file.file_) return file;
  const int error_number = errno;
  ::close(fd);
  return tl::unexpected(ErrnoError(error_number, "create", path));
}

Error OutputFile::LastError(std::string_view what) const { return ErrnoError(errno, what, path_); }

Status OutputFile::Append(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    return tl::unexpected(LastError("write"));
  }
  return {};
}

Status OutputFile::Finish(std::string_view start) {
  if (!start.empty()) {
    if (std::fseek(file_.get(), 0, SEEK_SET) != 0) return tl::unexpected(LastError("write"));
    SL_RETURN_IF_ERROR(Append(start));
  }
  if (std::fflush(file_.get()) != 0) return tl::unexpected(LastError("write"));
  if (::fsync(::fileno(file_.get())) != 0) return tl::unexpected(LastError("fsync"));
  file_.reset();
  return {};
}

Status SyncFolderOf(const std::filesystem::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error_number = errno;
  if (fd >= 0) ::close(fd);
  if (!synced) return tl::unexpected(ErrnoError(error_number, "fsync the folder", folder));
  return {};
}

}  // namespace sightline::indexer
