// SPDX-License-Identifier: BSD-3-Clause
#include "storage/lock_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <sstream>
#include <string_view>
#include <thread>

#include "base/file_io.h"

namespace sightline::storage {
namespace {

constexpr std::string_view kInUse = ": the collection is in use by ";

constexpr char kFirstLine[] = "sightline lock 1";
constexpr size_t kMaxRecordBytes = 8192;

// A new owner writes its record just after it got the kernel lock. Whoever fails in between finds no record or the one
// of a dead owner, and looks again.
constexpr int kAttempts = 20;
constexpr std::chrono::milliseconds kPause{10};

std::filesystem::path LockPath(const std::filesystem::path& folder) { return folder / "LOCK"; }

bool IsAlive(int64_t pid) { return ::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM; }

Status WriteRecord(int fd, const std::filesystem::path& path, const std::string& socket) {
  std::ostringstream text;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  text << kFirstLine << "\npid " << ::getpid() << "\nstarted "
       << std::chrono::duration_cast<std::chrono::seconds>(now).count() << "\n";
  if (!socket.empty()) text << "socket " << socket << "\n";
  const std::string record = text.str();
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, record.data(), record.size(), 0) < 0) {
    return tl::unexpected(ErrnoError(errno, "write the lock record", path));
  }
  return {};
}

tl::unexpected<Error> Held(const std::filesystem::path& folder, const std::optional<LockRecord>& record) {
  std::string owner = "another process";
  if (record) owner += " (pid " + std::to_string(record->pid) + ")";
  return Fail(ErrorCode::kFailedPrecondition, folder.string() + std::string(kInUse) + owner);
}

}  // namespace

std::optional<LockRecord> ReadLockRecord(const std::filesystem::path& folder) {
  const auto content = ReadFile(LockPath(folder), kMaxRecordBytes);
  if (!content) return std::nullopt;
  std::istringstream lines(*content);
  std::string line;
  if (!std::getline(lines, line) || line != kFirstLine) return std::nullopt;
  LockRecord record;
  std::string key;
  while (lines >> key) {
    lines.ignore(1);
    if (key == "pid") {
      lines >> record.pid;
    } else if (key == "started") {
      lines >> record.started_at;
    } else if (key == "socket") {
      std::getline(lines, record.socket);
    } else {
      std::getline(lines, line);
    }
  }
  if (record.pid <= 0) return std::nullopt;
  return record;
}

bool IsHeldByAnother(const Error& error) {
  return error.code == ErrorCode::kFailedPrecondition && error.message.find(kInUse) != std::string::npos;
}

Result<FolderLock> FolderLock::Acquire(const std::filesystem::path& folder, const std::string& socket) {
  const std::filesystem::path path = LockPath(folder);
  FolderLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.fd_ < 0) {
    Error error = ErrnoError(errno, "open for writing (a collection can only be opened in a writable folder)", path);
    return tl::unexpected(std::move(error));
  }
  std::optional<LockRecord> record;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) == 0) {
      lock.owned_ = true;
      SL_RETURN_IF_ERROR(WriteRecord(lock.fd_, path, socket));
      return lock;
    }
    if (errno != EWOULDBLOCK && errno != EINTR) return tl::unexpected(ErrnoError(errno, "lock", path));
    record = ReadLockRecord(folder);
    if (record && IsAlive(record->pid)) break;
    std::this_thread::sleep_for(kPause);
  }
  return Held(folder, record);
}

FolderLock::~FolderLock() {
  if (fd_ < 0) return;
  // An empty record says that the lock was given back; failing to say so harms nobody.
  if (owned_ && ::ftruncate(fd_, 0) != 0) errno = 0;
  ::close(fd_);
}

}  // namespace sightline::storage
