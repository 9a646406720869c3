// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

namespace sightline::testing {

/// A file system in memory that a test can fill, enlarge and make read-only. Needs the right to mount.
class SmallDisk {
 public:
  /// @param path  made when it is not there; gone from sight with this object.
  explicit SmallDisk(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  /// @param options  as "size=6m".   @return false, with a reason, where it may not be done.
  bool Mount(const std::string& options, unsigned long flags = 0) {
    const bool done = ::mount("tmpfs", path_.c_str(), "tmpfs", flags, options.c_str()) == 0;
    if (!done) reason_ = std::string("cannot mount a tmpfs here: ") + std::strerror(errno);
    mounted_ = mounted_ || done;
    return done;
  }
  bool Remount(const std::string& options, unsigned long flags = 0) { return Mount(options, flags | MS_REMOUNT); }

  const std::filesystem::path& path() const { return path_; }
  const std::string& reason() const { return reason_; }

 private:
  std::filesystem::path path_;
  bool mounted_ = false;
  std::string reason_;
};

}  // namespace sightline::testing
