// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/file_io.h"
#include "base/result.h"
#include "base/types.h"
#include "indexer/transfer/npy_header.h"

namespace sightline::indexer {

/// Reads the rows of an npy file one after the other; holds one row and a small buffer, however large the file is.
/// Thread-compatible.
class NpyReader {
 public:
  /// Rows may have so many values; a collection takes no more.
  static constexpr uint64_t kMaxColumns = 65'536;

  /// Opens a file and compares what its header claims with its size. Errors: kNotFound, kInvalidArgument (not a regular
  /// file), kUnavailable (cannot be read), those of ParseNpyHeader, kCorruption (no columns, or fewer bytes than the
  /// shape needs: the message has both), kUnsupported (more than kMaxColumns columns).
  static Result<NpyReader> Open(const std::filesystem::path& path);

  const NpyHeader& header() const { return header_; }
  uint64_t rows() const { return header_.rows; }
  uint32_t columns() const { return static_cast<uint32_t>(header_.columns); }
  /// Bytes of the file behind the last row, which nobody reads.
  uint64_t surplus_bytes() const { return surplus_bytes_; }
  /// The later of modification and status change, nanoseconds since 1970.
  int64_t changed_ns() const { return changed_ns_; }

  /// Reads the next row as fp32 values; what does not fit one becomes infinite. @return false behind the last row.
  /// Errors: kUnavailable (cannot be read), kCorruption (the file has shrunk since it was opened).
  Result<bool> Next(Embedding& row);

  /// Passes over `count` rows, or those that are left. Errors: kUnavailable.
  Status Skip(uint64_t count);

 private:
  NpyReader() = default;
  Status ReadHeader(uint64_t size_bytes);

  std::filesystem::path path_;
  FileStream file_;
  NpyHeader header_;
  uint64_t surplus_bytes_ = 0;
  int64_t changed_ns_ = 0;
  uint64_t next_row_ = 0;
  std::vector<std::byte> bytes_;  ///< One row as it is stored.
};

}  // namespace sightline::indexer
