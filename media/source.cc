// SPDX-License-Identifier: BSD-3-Clause
#include "media/source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file_io.h"
#include "base/guard.h"

namespace sightline::media {
namespace {

using Bytes = std::vector<std::byte>;

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

 private:
  int fd_;
};

Status CheckSize(uint64_t size_bytes, uint64_t max_bytes, const std::string& name) {
  if (size_bytes <= max_bytes) return {};
  return Fail(ErrorCode::kResourceExhausted,
              name + ": " + std::to_string(size_bytes) + " bytes, more than the limit of " + std::to_string(max_bytes));
}

/// Fills `bytes` from `offset` on; less when the file ends before. Returns how much was read.
Result<size_t> ReadAt(int fd, uint64_t offset, Bytes& bytes, const std::filesystem::path& path) {
  size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::pread(fd, bytes.data() + filled, bytes.size() - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(ErrnoError(errno, "read", path));
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  return filled;
}

}  // namespace

Source Source::FromFile(std::filesystem::path path) {
  Source source;
  source.name_ = path.string();
  source.path_ = std::move(path);
  return source;
}

Source Source::FromFileRange(std::filesystem::path path, uint64_t offset_bytes, uint64_t size_bytes, std::string name) {
  Source source;
  source.name_ = std::move(name);
  source.path_ = std::move(path);
  source.offset_bytes_ = offset_bytes;
  source.size_bytes_ = size_bytes;
  return source;
}

Source Source::FromMemory(std::vector<std::byte> bytes, std::string name) {
  return FromMemory(std::make_shared<const Bytes>(std::move(bytes)), std::move(name));
}

Source Source::FromMemory(std::shared_ptr<const std::vector<std::byte>> bytes, std::string name) {
  Source source;
  source.name_ = std::move(name);
  source.memory_ = std::move(bytes);
  return source;
}

Result<std::shared_ptr<const std::vector<std::byte>>> Source::ReadAll(uint64_t max_bytes) const {
  if (memory_) {
    SL_RETURN_IF_ERROR(CheckSize(memory_->size(), max_bytes, name_));
    return memory_;
  }
  // O_NONBLOCK: a FIFO must not block us before fstat names it.
  const UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) return tl::unexpected(ErrnoError(errno, "open", path_));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Fail(ErrorCode::kInvalidArgument, path_.string() + ": not a regular file");
  }
  const auto file_bytes = static_cast<uint64_t>(info.st_size);
  const bool whole = size_bytes_ == UINT64_MAX;
  if (offset_bytes_ > file_bytes || (!whole && size_bytes_ > file_bytes - offset_bytes_)) {
    return Fail(ErrorCode::kCorruption, name_ + ": the file ends before this part of it");
  }
  const uint64_t wanted = whole ? file_bytes - offset_bytes_ : size_bytes_;
  SL_RETURN_IF_ERROR(CheckSize(wanted, max_bytes, name_));
  return Guard("read " + name_, [&]() -> Result<std::shared_ptr<const Bytes>> {
    auto bytes = std::make_shared<Bytes>(wanted);
    SL_ASSIGN_OR_RETURN(const size_t got, ReadAt(fd.get(), offset_bytes_, *bytes, path_));
    if (got < wanted && !whole) return Fail(ErrorCode::kCorruption, name_ + ": the file shrank while it was read");
    bytes->resize(got);  // a whole file that shrank while we read it: what is there now
    return bytes;
  });
}

}  // namespace sightline::media
