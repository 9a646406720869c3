// SPDX-License-Identifier: BSD-3-Clause
//
// A library for LD_PRELOAD that knows, for every file below one folder, what would be left of it if the power failed
// now. kill -9 alone proves little about durability: the kernel still writes what it holds. With this library a test
// kills the program and then puts the folder back to what was synced (tests/support/power_loss.h).
//
//   POWERLOSS_ROOT   the folder to watch; absolute, without links in it
//   POWERLOSS_SHORT_WRITES     set: a write of more than one byte to a watched file writes a part of it only, as the
//                              kernel may
//   POWERLOSS_FAIL_SYNC_AFTER  so many syncs of watched files and folders succeed; every later one makes nothing
//   durable
//                              and fails with EIO
//   POWERLOSS_IMAGE  the durable image of it, made by PowerLossImage::Reset:
//                      inodes/<n>   synced content of the file with inode number n
//                      dirs/<n>/    synced entries of the folder with inode number n: a file is a hard link to its
//                                   inodes/<m>, a folder is a symbolic link that reads <m>
//
// The strict reading of POSIX: fsync and fdatasync of a file make its content durable and not its name; fsync of a
// folder makes its entries durable as they are then, so creating, renaming and removing need no watching. Nothing else
// makes anything durable (close, rename over a file, sync_file_range, msync). An entry whose file was never synced is
// an empty file. The real fsync is left out: the image is what counts, and tests run faster.
//
// Not seen: writes through stdio, mmap and io_uring. What they append is found at the next fsync of the file.
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <limits>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

constexpr size_t kMaxFds = 1 << 16;
constexpr size_t kCopyBytes = 1 << 20;

/// Inode number behind each open descriptor of a watched file or folder; 0: not watched.
std::array<std::atomic<ino_t>, kMaxFds> watched_inode;

struct Shim {
  std::string root;
  std::string image;
  std::mutex mutex;
  /// Lowest offset written since the last sync, by inode.
  std::unordered_map<ino_t, off_t> dirty_from;
  bool short_writes = false;
  std::atomic<long long> syncs_left{std::numeric_limits<long long>::max()};

  bool active() const { return !root.empty(); }
  std::string InodePath(ino_t inode) const { return image + "/inodes/" + std::to_string(inode); }
  std::string DirPath(ino_t inode) const { return image + "/dirs/" + std::to_string(inode); }
};

Shim& TheShim() {
  // Never destroyed: other libraries close files after our destructors would have run.
  static Shim* const shim = [] {
    auto* made = new Shim;
    const char* root = getenv("POWERLOSS_ROOT");
    const char* image = getenv("POWERLOSS_IMAGE");
    if (root != nullptr && image != nullptr) {
      made->root = root;
      made->image = image;
    }
    made->short_writes = getenv("POWERLOSS_SHORT_WRITES") != nullptr;
    if (const char* syncs = getenv("POWERLOSS_FAIL_SYNC_AFTER")) made->syncs_left = atoll(syncs);
    return made;
  }();
  return *shim;
}

[[noreturn]] void Die(const char* what) {
  const int error_number = errno;
  dprintf(2, "powerloss shim: %s: %s\n", what, strerror(error_number));
  abort();
}

int RawOpen(const char* path, int flags, mode_t mode = 0) {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode));
}

void RawClose(int fd) { syscall(SYS_close, fd); }

bool IsBelowRoot(int fd) {
  std::array<char, 4096> target;
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = readlink(link.c_str(), target.data(), target.size());
  if (length <= 0) return false;
  const std::string path(target.data(), static_cast<size_t>(length));
  const std::string& root = TheShim().root;
  return path == root ||
         (path.size() > root.size() && path.compare(0, root.size(), root) == 0 && path[root.size()] == '/');
}

/// The inode of a watched descriptor, 0 for any other. A number that was closed behind our back is not taken for it.
ino_t WatchedInode(int fd, struct stat& info) {
  if (fd < 0 || static_cast<size_t>(fd) >= kMaxFds) return 0;
  const ino_t inode = watched_inode[static_cast<size_t>(fd)].load();
  if (inode == 0 || fstat(fd, &info) != 0 || info.st_ino != inode) return 0;
  return inode;
}

void MarkDirty(ino_t inode, off_t from) {
  Shim& shim = TheShim();
  const std::lock_guard lock(shim.mutex);
  auto [entry, is_new] = shim.dirty_from.try_emplace(inode, from);
  if (!is_new) entry->second = std::min(entry->second, from);
}

void RemoveFolder(const std::string& path) {
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) return;
  while (const dirent* entry = readdir(dir)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") unlink((path + "/" + name).c_str());
  }
  closedir(dir);
  rmdir(path.c_str());
}

/// The inode number belongs to something new; what the image holds under it was something else. Called with the mutex
/// that was held when the new file or folder was made: a sync of its folder in between would keep the old content under
/// the new name.
void ForgetInode(ino_t inode) {
  Shim& shim = TheShim();
  shim.dirty_from.erase(inode);
  unlink(shim.InodePath(inode).c_str());
  RemoveFolder(shim.DirPath(inode));
}

int WatchedOpen(int folder, const char* path, int flags, mode_t mode) {
  struct stat info {};
  const bool may_create = TheShim().active() && (flags & O_CREAT) != 0;
  std::unique_lock making(TheShim().mutex, std::defer_lock);
  if (may_create) making.lock();
  const bool existed = may_create && fstatat(folder, path, &info, 0) == 0;
  const int fd = static_cast<int>(syscall(SYS_openat, folder, path, flags, mode));
  if (fd < 0 || !TheShim().active() || static_cast<size_t>(fd) >= kMaxFds) return fd;
  const int saved = errno;
  ino_t watched = 0;
  if (IsBelowRoot(fd) && fstat(fd, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))) {
    watched = info.st_ino;
    if (may_create && !existed) ForgetInode(watched);
    if (may_create) making.unlock();
    if ((flags & O_TRUNC) != 0) MarkDirty(watched, 0);
  }
  watched_inode[static_cast<size_t>(fd)].store(watched);
  errno = saved;
  return fd;
}

/// Copies what may have changed since the last sync into the durable image.
void SyncFile(int fd, ino_t inode, off_t size) {
  Shim& shim = TheShim();
  const std::lock_guard lock(shim.mutex);
  const auto dirty = shim.dirty_from.find(inode);
  off_t from = dirty == shim.dirty_from.end() ? std::numeric_limits<off_t>::max() : dirty->second;
  if (dirty != shim.dirty_from.end()) shim.dirty_from.erase(dirty);
  const int in = RawOpen(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY);
  const int out = RawOpen(shim.InodePath(inode).c_str(), O_WRONLY | O_CREAT, 0644);
  struct stat image {};
  if (in < 0 || out < 0 || fstat(out, &image) != 0) Die("open for a sync");
  std::vector<char> buffer(kCopyBytes);
  for (from = std::min(from, image.st_size); from < size;) {
    const ssize_t got = pread(in, buffer.data(), buffer.size(), from);
    if (got < 0) Die("read for a sync");
    if (got == 0) break;
    if (syscall(SYS_pwrite64, out, buffer.data(), got, from) != got) Die("write the image");
    from += got;
  }
  if (syscall(SYS_ftruncate, out, size) != 0) Die("truncate the image");
  RawClose(in);
  RawClose(out);
}

void LinkEntry(const std::string& folder, const std::string& name, const struct stat& info) {
  Shim& shim = TheShim();
  const std::string entry = folder + "/" + name;
  if (S_ISDIR(info.st_mode)) {
    if (symlink(std::to_string(info.st_ino).c_str(), entry.c_str()) != 0) Die("note a folder");
    return;
  }
  if (!S_ISREG(info.st_mode)) return;
  const std::string content = shim.InodePath(info.st_ino);
  const int fd = RawOpen(content.c_str(), O_WRONLY | O_CREAT, 0644);
  if (fd < 0) Die("make an empty file");
  RawClose(fd);
  if (link(content.c_str(), entry.c_str()) != 0) Die("link a file");
}

/// Replaces the durable entries of a folder by those that it has now, in one step.
void SyncFolder(int fd, ino_t inode) {
  Shim& shim = TheShim();
  const std::lock_guard lock(shim.mutex);
  const std::string durable = shim.DirPath(inode);
  const std::string next = durable + ".new";
  RemoveFolder(next);
  if (syscall(SYS_mkdirat, AT_FDCWD, next.c_str(), 0755) != 0) Die("make a folder of the image");
  const int listing = RawOpen(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDONLY | O_DIRECTORY);
  DIR* dir = listing < 0 ? nullptr : fdopendir(listing);
  if (dir == nullptr) Die("list a folder");
  while (const dirent* entry = readdir(dir)) {
    const std::string name = entry->d_name;
    struct stat info {};
    if (name == "." || name == ".." || fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    LinkEntry(next, name, info);
  }
  closedir(dir);
  if (syscall(SYS_renameat2, AT_FDCWD, next.c_str(), AT_FDCWD, durable.c_str(), RENAME_EXCHANGE) == 0) {
    RemoveFolder(next);
  } else if (rename(next.c_str(), durable.c_str()) != 0) {
    Die("publish a folder of the image");
  }
}

/// What syncing a descriptor of ours returns; `otherwise()` for all others.
template <typename Otherwise>
int Sync(int fd, Otherwise otherwise) {
  struct stat info {};
  const ino_t inode = WatchedInode(fd, info);
  if (inode == 0) return otherwise();
  if (TheShim().syncs_left.fetch_sub(1) <= 0) {
    errno = EIO;
    return -1;
  }
  if (S_ISDIR(info.st_mode)) {
    SyncFolder(fd, inode);
  } else {
    SyncFile(fd, inode, info.st_size);
  }
  return 0;
}

/// How much of a write of `size` bytes is to be done.
size_t WriteSize(int fd, size_t size) {
  struct stat info {};
  if (!TheShim().short_writes || size < 2 || WatchedInode(fd, info) == 0) return size;
  return size - size / 3;
}

void Wrote(int fd, off_t from) {
  struct stat info {};
  const int saved = errno;
  const ino_t inode = WatchedInode(fd, info);
  if (inode != 0) MarkDirty(inode, from);
  errno = saved;
}

ssize_t WroteHere(int fd, ssize_t written) {
  if (written > 0) Wrote(fd, lseek(fd, 0, SEEK_CUR) - written);
  return written;
}

int MakeFolder(int folder, const char* path, mode_t mode) {
  const std::lock_guard lock(TheShim().mutex);
  const int done = static_cast<int>(syscall(SYS_mkdirat, folder, path, mode));
  struct stat info {};
  if (done == 0 && TheShim().active() && fstatat(folder, path, &info, 0) == 0) ForgetInode(info.st_ino);
  return done;
}

mode_t ModeArgument(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

}  // namespace

#define SHIM_OPEN(name)                                 \
  int name(const char* path, int flags, ...) {          \
    va_list arguments;                                  \
    va_start(arguments, flags);                         \
    const mode_t mode = ModeArgument(flags, arguments); \
    va_end(arguments);                                  \
    return WatchedOpen(AT_FDCWD, path, flags, mode);    \
  }
#define SHIM_OPENAT(name)                                  \
  int name(int folder, const char* path, int flags, ...) { \
    va_list arguments;                                     \
    va_start(arguments, flags);                            \
    const mode_t mode = ModeArgument(flags, arguments);    \
    va_end(arguments);                                     \
    return WatchedOpen(folder, path, flags, mode);         \
  }

extern "C" {

SHIM_OPEN(open)
SHIM_OPEN(open64)
SHIM_OPENAT(openat)
SHIM_OPENAT(openat64)
// What the fortified headers turn open and openat into.
int __open_2(const char* path, int flags) { return WatchedOpen(AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return WatchedOpen(AT_FDCWD, path, flags, 0); }
int __openat_2(int folder, const char* path, int flags) { return WatchedOpen(folder, path, flags, 0); }
int __openat64_2(int folder, const char* path, int flags) { return WatchedOpen(folder, path, flags, 0); }
int creat(const char* path, mode_t mode) { return WatchedOpen(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
  if (fd >= 0 && static_cast<size_t>(fd) < kMaxFds) watched_inode[static_cast<size_t>(fd)].store(0);
  return static_cast<int>(syscall(SYS_close, fd));
}

ssize_t write(int fd, const void* data, size_t size) {
  return WroteHere(fd, syscall(SYS_write, fd, data, WriteSize(fd, size)));
}
ssize_t writev(int fd, const iovec* parts, int count) { return WroteHere(fd, syscall(SYS_writev, fd, parts, count)); }

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  const ssize_t written = syscall(SYS_pwrite64, fd, data, WriteSize(fd, size), offset);
  if (written > 0) Wrote(fd, offset);
  return written;
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) { return pwrite(fd, data, size, offset); }

int ftruncate(int fd, off_t size) noexcept {
  const int done = static_cast<int>(syscall(SYS_ftruncate, fd, size));
  if (done == 0) Wrote(fd, size);
  return done;
}
int ftruncate64(int fd, off64_t size) noexcept { return ftruncate(fd, size); }

int fsync(int fd) {
  return Sync(fd, [fd] { return static_cast<int>(syscall(SYS_fsync, fd)); });
}
int fdatasync(int fd) {
  return Sync(fd, [fd] { return static_cast<int>(syscall(SYS_fdatasync, fd)); });
}

int mkdir(const char* path, mode_t mode) noexcept { return MakeFolder(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char* path, mode_t mode) noexcept { return MakeFolder(folder, path, mode); }

}  // extern "C"
