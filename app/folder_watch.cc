// SPDX-License-Identifier: BSD-3-Clause
#include "app/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/file_io.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kEvents =
    IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR | IN_EXCL_UNLINK;

bool IsHidden(const std::string& name) { return name.starts_with('.'); }

bool IsWithin(const fs::path& folder, const fs::path& path) {
  const auto [end, unused] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

Result<OwnedFd> NewQueue() {
  OwnedFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) return tl::unexpected(ErrnoError(errno, "start", "watching folders"));
  return inotify;
}

// Whether there is something to read; false when a stop was requested or the time is up.
bool WaitForEvents(int inotify, int wake, Clock::time_point until, const std::stop_token& stop) {
  std::array<pollfd, 2> wait = {pollfd{inotify, POLLIN, 0}, pollfd{wake, POLLIN, 0}};
  while (!stop.stop_requested()) {
    int timeout = -1;
    if (until != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
      timeout = static_cast<int>(std::max<int64_t>(0, left));
    }
    const int ready = ::poll(wait.data(), wait.size(), timeout);
    if (ready == 0) return false;
    if (ready > 0 && wait[0].revents != 0) return true;
  }
  return false;
}

}  // namespace

Result<FolderWatch> FolderWatch::Open(std::span<const fs::path> paths) {
  SL_ASSIGN_OR_RETURN(OwnedFd inotify, NewQueue());
  OwnedFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return tl::unexpected(ErrnoError(errno, "make", "an event descriptor"));
  FolderWatch watch(std::move(inotify), std::move(wake));
  for (const fs::path& path : paths) SL_RETURN_IF_ERROR(watch.Add(path));
  return watch;
}

Status FolderWatch::Restart(std::span<const fs::path> paths) {
  folders_.clear();
  inotify_ = OwnedFd();  // First: there may be no room for both.
  SL_ASSIGN_OR_RETURN(inotify_, NewQueue());
  for (const fs::path& path : paths) {
    const Status added = Add(path);
    if (!added && added.error().code != ErrorCode::kNotFound) return added;
  }
  return {};
}

Status FolderWatch::Add(const fs::path& path) {
  std::error_code error;
  const fs::path canonical = fs::canonical(path, error);
  if (error) return tl::unexpected(ErrnoError(error.value(), "watch", path));
  if (fs::is_directory(canonical, error)) return AddTree(canonical);
  SL_ASSIGN_OR_RETURN(const int watch, AddFolder(canonical.parent_path()));
  const auto [folder, is_new] = folders_.try_emplace(watch, Folder{canonical.parent_path(), {}});
  // A folder that is watched as a whole stays so.
  if (is_new || !folder->second.names.empty()) folder->second.names.insert(canonical.filename().string());
  return {};
}

// Folders that vanish while they are looked at are left out: that is one more change.
Status FolderWatch::AddTree(const fs::path& root) {
  std::vector<fs::path> pending = {root};
  while (!pending.empty()) {
    std::error_code error;
    const fs::path folder = fs::canonical(pending.back(), error);
    pending.pop_back();
    if (error) continue;
    const auto watch = AddFolder(folder);
    if (!watch && watch.error().code == ErrorCode::kNotFound) continue;
    if (!watch) return tl::unexpected(watch.error());
    const auto [entry, is_new] = folders_.try_emplace(*watch, Folder{folder, {}});
    if (!is_new && entry->second.names.empty() && entry->second.path == folder) continue;
    entry->second = Folder{folder, {}};
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      std::error_code ignored;
      if (!IsHidden(it->path().filename().string()) && it->is_directory(ignored)) pending.push_back(it->path());
    }
  }
  return {};
}

Result<int> FolderWatch::AddFolder(const fs::path& folder) {
  const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents);
  if (watch >= 0) return watch;
  if (errno == ENOSPC) {
    return Fail(ErrorCode::kResourceExhausted,
                fmt::format("{}: more folders than the system watches for one user; raise it: sysctl "
                            "fs.inotify.max_user_watches=1048576",
                            folder.string()));
  }
  if (errno == ENOTDIR) errno = ENOENT;  // it has become a file since
  return tl::unexpected(ErrnoError(errno, "watch", folder));
}

Result<FolderChanges> FolderWatch::Wait(std::chrono::milliseconds quiet, std::chrono::milliseconds most,
                                        const std::stop_token& stop) {
  const std::stop_callback on_stop(stop, [this] { ::eventfd_write(wake_.get(), 1); });
  FolderChanges changes;
  Clock::time_point until = Clock::time_point::max();
  Clock::time_point latest = until;
  while (WaitForEvents(inotify_.get(), wake_.get(), until, stop)) {
    SL_RETURN_IF_ERROR(Read(changes));
    if (changes.empty()) continue;
    if (latest == Clock::time_point::max()) latest = Clock::now() + most;
    until = std::min(latest, Clock::now() + quiet);
    if (Clock::now() >= latest) break;
  }
  return changes;
}

Status FolderWatch::Read(FolderChanges& changes) {
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (size < 0) return tl::unexpected(ErrnoError(errno, "read", "changes of folders"));
  for (ssize_t at = 0; at < size;) {
    const auto* const event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
    SL_RETURN_IF_ERROR(Take(event->wd, event->mask, event->len > 0 ? event->name : "", changes));
    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
  }
  return {};
}

Status FolderWatch::Take(int watch, uint32_t mask, const std::string& name, FolderChanges& changes) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    changes.overflow = true;
    return {};
  }
  const auto found = folders_.find(watch);
  if (found == folders_.end()) return {};
  if ((mask & IN_IGNORED) != 0) {  // the folder is gone, or its disk
    folders_.erase(found);
    return {};
  }
  const Folder& folder = found->second;
  if (name.empty() || IsHidden(name)) return {};
  if (!folder.names.empty() && !folder.names.contains(name)) return {};
  const fs::path path = folder.path / name;
  const bool is_folder = (mask & IN_ISDIR) != 0;
  if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0) {
    changes.written.erase(path);
    (is_folder ? changes.gone_folders : changes.gone).insert(path);
    if (is_folder) Forget(path);
    return {};
  }
  // A file that was only created is told again when it is closed; a link never is.
  std::error_code ignored;
  const bool is_link = (mask & IN_CREATE) != 0 && fs::is_symlink(path, ignored);
  if (is_folder || (is_link && fs::is_directory(path, ignored))) {
    SL_RETURN_IF_ERROR(AddTree(path));
  } else if ((mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) == 0 && !is_link && fs::hard_link_count(path, ignored) < 2) {
    return {};
  }
  changes.written.insert(path);
  return {};
}

// A folder that was moved away is still watched, under a name that is not its own any more.
void FolderWatch::Forget(const fs::path& folder) {
  for (auto it = folders_.begin(); it != folders_.end();) {
    const bool is_in = IsWithin(folder, it->second.path);
    if (is_in) ::inotify_rm_watch(inotify_.get(), it->first);
    it = is_in ? folders_.erase(it) : std::next(it);
  }
}

}  // namespace sightline::app
