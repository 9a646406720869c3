// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"

namespace sightline::storage {

/// What the owner of a collection says about itself in the collection's LOCK file.
struct LockRecord {
  int64_t pid = 0;
  int64_t started_at = 0;  ///< When the lock was taken, seconds since 1970.
  std::string socket;      ///< Where a server listens for command lines; empty for other programs.

  friend bool operator==(const LockRecord&, const LockRecord&) = default;
};

/// The record in `folder`'s LOCK file. nullopt when nobody wrote one or it cannot be read. It says who holds the lock
/// only while somebody does: a killed process leaves its record behind.
std::optional<LockRecord> ReadLockRecord(const std::filesystem::path& folder);

/// Whether this is the error of FolderLock::Acquire that says that somebody else holds the lock.
bool IsHeldByAnother(const Error& error);

/// Ownership of a collection's folder: a kernel lock (flock) on its LOCK file, which ends with the process however it
/// ends, and a record that tells others who holds it. Move-only; released on destruction.
class FolderLock {
 public:
  /// @param socket  where the holder listens for command lines, for its record; empty: nowhere.
  /// Errors: kFailedPrecondition (held; the message names the holder's pid), kNotFound (no such folder), kUnavailable
  /// (the folder cannot be written to), kResourceExhausted.
  static Result<FolderLock> Acquire(const std::filesystem::path& folder, const std::string& socket = {});

  FolderLock(FolderLock&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), owned_(std::exchange(other.owned_, false)) {}
  FolderLock& operator=(FolderLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(owned_, other.owned_);
    return *this;
  }
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : fd_(fd) {}
  int fd_ = -1;
  bool owned_ = false;  ///< The kernel lock is ours, and the record with it.
};

}  // namespace sightline::storage
