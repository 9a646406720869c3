// SPDX-License-Identifier: BSD-3-Clause
#include "base/file_io.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/open_files.h"

namespace sightline {
namespace {

/// A file descriptor that closes itself.
class UniqueFd {
 public:
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// Opens a regular file for reading and tells its size. O_NONBLOCK: a FIFO must not block us before fstat names it.
Result<int> OpenRegular(const std::filesystem::path& path, uint64_t& size_bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return tl::unexpected(ErrnoError(errno, "open", path));
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return Fail(ErrorCode::kInvalidArgument, path.string() + ": not a regular file");
  }
  size_bytes = static_cast<uint64_t>(info.st_size);
  return fd;
}

Status WriteAll(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return tl::unexpected(ErrnoError(errno, "write", path));
    content.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status SyncFolder(const std::filesystem::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return tl::unexpected(ErrnoError(errno, "fsync folder", folder));
  return {};
}

Status WriteTemporary(const std::filesystem::path& temporary, std::string_view content, unsigned mode) {
  ::unlink(temporary.c_str());  // One that a crash left has its own permissions.
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return tl::unexpected(ErrnoError(errno, "create", temporary));
  SL_RETURN_IF_ERROR(WriteAll(fd.get(), content, temporary));
  if (::fsync(fd.get()) != 0) return tl::unexpected(ErrnoError(errno, "fsync", temporary));
  return {};
}

}  // namespace

Result<MappedFile> MappedFile::Open(const std::filesystem::path& path) {
  uint64_t size_bytes = 0;
  SL_ASSIGN_OR_RETURN(const int raw_fd, OpenRegular(path, size_bytes));
  const UniqueFd fd(raw_fd);
  MappedFile file;
  if (size_bytes == 0) return file;
  void* address = ::mmap(nullptr, size_bytes, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (address == MAP_FAILED) return tl::unexpected(ErrnoError(errno, "map", path));
  file.bytes_ = {static_cast<const std::byte*>(address), size_bytes};
  return file;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Result<FileStream> OpenFileStream(const std::filesystem::path& path) {
  uint64_t size_bytes = 0;
  SL_ASSIGN_OR_RETURN(const int fd, OpenRegular(path, size_bytes));
  FileStream file(::fdopen(fd, "rb"));
  if (file) return file;
  const int error_number = errno;
  ::close(fd);
  return tl::unexpected(ErrnoError(error_number, "open", path));
}

Result<std::string> ReadFile(const std::filesystem::path& path, uint64_t max_bytes) {
  uint64_t size_bytes = 0;
  SL_ASSIGN_OR_RETURN(const int raw_fd, OpenRegular(path, size_bytes));
  const UniqueFd fd(raw_fd);
  if (size_bytes > max_bytes) {
    return Fail(ErrorCode::kResourceExhausted, path.string() + ": " + std::to_string(size_bytes) +
                                                   " bytes, more than the limit of " + std::to_string(max_bytes));
  }
  std::string content(size_bytes, '\0');
  size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = ::read(fd.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(ErrnoError(errno, "read", path));
    if (got == 0) break;  // it shrank while we read it: what is there now
    filled += static_cast<size_t>(got);
  }
  content.resize(filled);
  return content;
}

Status WriteFileAtomically(const std::filesystem::path& path, std::string_view content, unsigned mode) {
  std::filesystem::path temporary = path;
  temporary += ".tmp" + std::to_string(::getpid());
  if (auto written = WriteTemporary(temporary, content, mode); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error_number = errno;
    ::unlink(temporary.c_str());
    return tl::unexpected(ErrnoError(error_number, "rename", path));
  }
  return SyncFolder(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

Error ErrnoError(int error_number, std::string_view what, const std::filesystem::path& path) {
  ErrorCode code = ErrorCode::kUnavailable;
  if (error_number == ENOENT || error_number == ENOTDIR) code = ErrorCode::kNotFound;
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EMFILE || error_number == ENFILE ||
      error_number == ENOMEM || error_number == EFBIG) {
    code = ErrorCode::kResourceExhausted;
  }
  if (error_number == ELOOP || error_number == ENAMETOOLONG || error_number == EISDIR) {
    code = ErrorCode::kInvalidArgument;
  }
  Error error{code, path.string() + ": cannot " + std::string(what) + ": "};
  error.message += std::generic_category().message(error_number);
  if (error_number == EMFILE) error.message += ": " + DescribeOpenFileLimit();
  return error;
}

}  // namespace sightline
