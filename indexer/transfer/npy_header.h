// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sightline::indexer {

/// The element types of an npy file that are read: little-endian IEEE floats.
enum class NpyType { kFp16, kFp32, kFp64 };

/// Bytes of one element.
size_t SizeOf(NpyType type);

/// What the header of an npy file says: a vector or a matrix of floats, row after row.
struct NpyHeader {
  NpyType type = NpyType::kFp32;
  bool is_matrix = true;  ///< False: one vector, which counts as one row.
  uint64_t rows = 0;
  uint64_t columns = 0;
  uint64_t data_offset = 0;  ///< Bytes from the start of the file to the first element.
};

/// A header may have so many bytes; numpy itself writes 128.
inline constexpr size_t kMaxNpyHeaderBytes = 64 << 10;

/// Reads the header of format versions 1 to 3 (numpy/lib/format.py). @param start  the file's first
/// kMaxNpyHeaderBytes, or all of it. The shape is what the file claims, compared with nothing.
/// Errors: kCorruption (not an npy file, a header that is cut off or cannot be read), kUnsupported (another version,
/// another element type, Fortran order, more than two dimensions).
Result<NpyHeader> ParseNpyHeader(std::string_view start);

/// The header of a matrix of fp32 rows, always kWrittenNpyHeaderBytes long, so that it can be written again when the
/// number of rows is known.
std::string EncodeNpyHeader(uint64_t rows, uint64_t columns);
inline constexpr size_t kWrittenNpyHeaderBytes = 128;

}  // namespace sightline::indexer
