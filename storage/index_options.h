// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace sightline::storage {

/// How the vectors of sealed segments are searched. The numbers are stored.
enum class IndexKind : uint8_t {
  kAuto = 1,           ///< Exact up to `exact_limit` vectors, then what suits the size.
  kFlat = 2,           ///< Every row is looked at.
  kIvfPq = 3,          ///< Inverted lists of 8-bit product codes.
  kIvfPqFastScan = 4,  ///< Inverted lists of 4-bit product codes, 32 scored at a time.
  kHnsw = 5,           ///< A graph over the rows.
};
std::string_view NameOf(IndexKind kind);
/// Errors: kInvalidArgument, which lists the names.
Result<IndexKind> ParseIndexKind(std::string_view name);

/// How a sealed segment keeps the rows that candidates are scored from again.
enum class RowFormat : uint8_t {
  kInt8 = 1,  ///< One scale per row.
  kFp16 = 2,
};
std::string_view NameOf(RowFormat format);
Result<RowFormat> ParseRowFormat(std::string_view name);

/// What the index of a collection is made of and how it is searched. 0 stands for "chosen by size". A change takes
/// effect at once for searches and with the next segment for the rest.
struct IndexOptions {
  IndexKind kind = IndexKind::kAuto;
  RowFormat rows = RowFormat::kInt8;

  uint64_t exact_limit = 200'000;  ///< kAuto: vectors up to which nothing is sealed.
  uint64_t seal_rows = 0;          ///< Rows in the fresh segment that start a seal.
  uint32_t lists = 0;              ///< Inverted lists of a segment.
  uint32_t pq_subspaces = 0;       ///< Codes per row; divides dim.
  bool opq = false;                ///< Rotate before product quantisation.
  bool two_lists = false;          ///< Put every row into its two nearest lists. Collections do for kIvfPqFastScan.
  uint32_t links = 0;              ///< kHnsw: links per row and level (M).

  uint32_t probes = 0;         ///< Lists that a search looks at.
  uint32_t ef_search = 0;      ///< kHnsw: candidates that a search keeps.
  uint32_t refine_factor = 0;  ///< Candidates scored again from rows, per result asked for.

  friend bool operator==(const IndexOptions&, const IndexOptions&) = default;
};

/// Errors: kInvalidArgument, which names the field.
Status CheckIndexOptions(const IndexOptions& options, uint32_t dim);

}  // namespace sightline::storage
