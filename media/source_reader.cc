// SPDX-License-Identifier: BSD-3-Clause
#include "media/source_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/file_io.h"

namespace sightline::media {

/// An open file that closes itself.
class SourceReader::File {
 public:
  File(int fd, std::filesystem::path path) : fd_(fd), path_(std::move(path)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  int fd_;
  std::filesystem::path path_;
};

SourceReader::SourceReader() = default;
SourceReader::SourceReader(SourceReader&&) noexcept = default;
SourceReader& SourceReader::operator=(SourceReader&&) noexcept = default;
SourceReader::~SourceReader() = default;

Result<SourceReader> SourceReader::Open(const Source& source) {
  SourceReader reader;
  if (source.memory_) {
    reader.memory_ = source.memory_;
    reader.size_bytes_ = source.memory_->size();
    return reader;
  }
  // O_NONBLOCK: a FIFO must not block us before fstat names it.
  const int fd = ::open(source.path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return tl::unexpected(ErrnoError(errno, "open", source.path_));
  reader.file_ = std::make_unique<File>(fd, source.path_);
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return Fail(ErrorCode::kInvalidArgument, source.path_.string() + ": not a regular file");
  }
  const auto file_bytes = static_cast<uint64_t>(info.st_size);
  const bool whole = source.size_bytes_ == UINT64_MAX;
  if (source.offset_bytes_ > file_bytes || (!whole && source.size_bytes_ > file_bytes - source.offset_bytes_)) {
    return Fail(ErrorCode::kCorruption, source.name() + ": the file ends before this part of it");
  }
  reader.offset_bytes_ = source.offset_bytes_;
  reader.size_bytes_ = whole ? file_bytes - source.offset_bytes_ : source.size_bytes_;
  return reader;
}

Result<size_t> SourceReader::ReadAt(uint64_t offset_bytes, std::span<std::byte> bytes) const {
  if (offset_bytes >= size_bytes_) return size_t{0};
  bytes = bytes.first(static_cast<size_t>(std::min<uint64_t>(bytes.size(), size_bytes_ - offset_bytes)));
  if (memory_) {
    std::copy_n(memory_->begin() + static_cast<ptrdiff_t>(offset_bytes), bytes.size(), bytes.begin());
    return bytes.size();
  }
  const uint64_t start = offset_bytes_ + offset_bytes;
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got =
        ::pread(file_->fd(), bytes.data() + filled, bytes.size() - filled, static_cast<off_t>(start + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(ErrnoError(errno, "read", file_->path()));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  return filled;
}

}  // namespace sightline::media
