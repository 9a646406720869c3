// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace sightline {

/// A file mapped read-only into memory. Move-only; the mapping lives as long as this object. A file that shrinks while
/// it is mapped ends the process with SIGBUS when the lost part is read: map only files that we own or model files.
class MappedFile {
 public:
  /// Errors: kNotFound, kInvalidArgument (not a regular file), kUnavailable (cannot be read). An empty file maps to an
  /// empty span.
  static Result<MappedFile> Open(const std::filesystem::path& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
/// A stream of the C library that closes itself.
using FileStream = std::unique_ptr<std::FILE, FileCloser>;

/// Opens a regular file for reading from its start. Errors: kNotFound, kInvalidArgument (not a regular file),
/// kUnavailable (cannot be read).
Result<FileStream> OpenFileStream(const std::filesystem::path& path);

/// Reads a whole file. Errors: kNotFound, kInvalidArgument (not a regular file), kResourceExhausted (more than
/// `max_bytes`), kUnavailable (cannot be read).
Result<std::string> ReadFile(const std::filesystem::path& path, uint64_t max_bytes);

/// Replaces `path` by `content` so that a crash leaves the old file or the new one: writes a temporary file beside it,
/// fsyncs it, renames it, fsyncs the folder. `mode`: its permissions, less the umask, whatever those of the old file
/// were. Errors: kResourceExhausted (disk full), kUnavailable.
Status WriteFileAtomically(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

/// The Error for a failed system call: errno `error_number` as code and message with `what` and `path` in it.
Error ErrnoError(int error_number, std::string_view what, const std::filesystem::path& path);

}  // namespace sightline
