// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "media/source.h"

namespace sightline::media {

/// Random access to the bytes of a Source, for what is too large to read whole. Keeps the file open. Reads are
/// positioned, so one reader may be used from several threads.
class SourceReader {
 public:
  /// Errors: kNotFound, kInvalidArgument (a folder, a device), kCorruption (the file is shorter than the range),
  /// kUnavailable (cannot be opened).
  static Result<SourceReader> Open(const Source& source);

  SourceReader(SourceReader&&) noexcept;
  SourceReader& operator=(SourceReader&&) noexcept;
  ~SourceReader();

  /// As it was when the source was opened.
  uint64_t size_bytes() const { return size_bytes_; }

  /// Fills `bytes` from `offset_bytes` of the source on.
  /// @return how much was read: less than asked only at the end of the source. Errors: kUnavailable (cannot be read).
  Result<size_t> ReadAt(uint64_t offset_bytes, std::span<std::byte> bytes) const;

 private:
  class File;
  SourceReader();

  std::unique_ptr<File> file_;  ///< Null: memory.
  std::shared_ptr<const std::vector<std::byte>> memory_;
  uint64_t offset_bytes_ = 0;  ///< Of the source in its file.
  uint64_t size_bytes_ = 0;
};

}  // namespace sightline::media
