// SPDX-License-Identifier: BSD-3-Clause
//
// Does file operations one after the other, for the tests of the power-loss library.
//   powerloss_probe write FILE TEXT | append FILE TEXT | pwrite FILE OFFSET TEXT | truncate FILE SIZE | sync FILE |
//                   syncdir FOLDER | rename FROM TO | unlink FILE | mkdir FOLDER | reuse FOLDER COUNT ...
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

namespace {

/// Opens a file, does something with it and closes it. @return whether all of it worked.
template <typename Operation>
bool With(const char* path, int flags, Operation operation) {
  const int fd = ::open(path, flags, 0644);
  const bool done = fd >= 0 && operation(fd);
  if (fd >= 0) ::close(fd);
  return done;
}

/// Again and again: a file is written, synced and removed, and while another thread syncs the folder without a pause an
/// empty one is made, which the file system gives the same inode number. Leaves the empty files new0, new1, ...
bool ReuseInodes(const std::string& folder, int count) {
  const auto sync_folder = [&folder](std::stop_token stop) {
    With(folder.c_str(), O_RDONLY | O_DIRECTORY, [&stop](int fd) {
      while (!stop.stop_requested() && ::fsync(fd) == 0) {
      }
      return true;
    });
  };
  for (int i = 0; i < count; ++i) {
    const std::string old = folder + "/old" + std::to_string(i), made = folder + "/new" + std::to_string(i);
    const auto fill = [](int fd) { return ::write(fd, "old content", 11) == 11 && ::fdatasync(fd) == 0; };
    if (!With(old.c_str(), O_WRONLY | O_CREAT, fill) || ::unlink(old.c_str()) != 0) return false;
    const std::jthread syncing(sync_folder);
    if (!With(made.c_str(), O_WRONLY | O_CREAT, [](int) { return true; })) return false;
  }
  return true;
}

bool Run(const std::string& word, char** arguments, int& used) {
  const char* first = arguments[0];
  used = 1;
  if (word == "sync") return With(first, O_WRONLY, [](int fd) { return ::fdatasync(fd) == 0; });
  if (word == "syncdir") return With(first, O_RDONLY | O_DIRECTORY, [](int fd) { return ::fsync(fd) == 0; });
  if (word == "unlink") return ::unlink(first) == 0;
  if (word == "mkdir") return ::mkdir(first, 0755) == 0;
  const char* second = arguments[1];
  const auto size = static_cast<ssize_t>(std::strlen(second));
  used = 2;
  const auto put = [&](int fd) { return ::write(fd, second, static_cast<size_t>(size)) == size; };
  if (word == "write") return With(first, O_WRONLY | O_CREAT | O_TRUNC, put);
  if (word == "append") return With(first, O_WRONLY | O_APPEND, put);
  if (word == "rename") return ::rename(first, second) == 0;
  if (word == "reuse") return ReuseInodes(first, std::atoi(second));
  if (word == "truncate") return With(first, O_WRONLY, [&](int fd) { return ::ftruncate(fd, std::atol(second)) == 0; });
  used = 3;
  const char* text = arguments[2];
  return word == "pwrite" && With(first, O_WRONLY, [&](int fd) {
           return ::pwrite(fd, text, std::strlen(text), std::atol(second)) == static_cast<ssize_t>(std::strlen(text));
         });
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc;) {
    int used = 0;
    if (!Run(argv[i], argv + i + 1, used)) {
      std::perror(argv[i]);
      return 1;
    }
    i += 1 + used;
  }
}
