// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file_io.h"
#include "base/result.h"

namespace sightline::eval {

/// A file or a text in pieces, so that a reader needs no more memory for a file of any size. A byte order mark at the
/// start is skipped. Move-only, thread-compatible.
class ByteChunks {
 public:
  static constexpr size_t kChunkBytes = 256 << 10;

  /// Errors: kNotFound, kInvalidArgument (not a regular file), kUnavailable (cannot be read).
  static Result<ByteChunks> OfFile(const std::filesystem::path& path);

  /// @param text  must outlive the object.  @param chunk_bytes  at least 1.
  static ByteChunks OfText(std::string_view text, size_t chunk_bytes = kChunkBytes);

  /// The next piece, valid until the next call; empty at the end. Errors: kUnavailable (cannot be read any further).
  Result<std::string_view> Next();

  /// Where the piece that Next gave last begins, in bytes from the start.
  uint64_t offset() const { return offset_; }

 private:
  ByteChunks() = default;
  Result<std::string_view> NextOfFile();

  FileStream file_;     // Null: of a text.
  std::string buffer_;  // Of a file.
  std::string_view rest_;
  size_t chunk_bytes_ = kChunkBytes;
  uint64_t offset_ = 0;
  uint64_t next_offset_ = 0;
};

}  // namespace sightline::eval
