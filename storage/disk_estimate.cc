// SPDX-License-Identifier: BSD-3-Clause
#include "storage/disk_estimate.h"

#include <algorithm>

#include "storage/index_policy.h"
#include "storage/segment/ivf_index.h"
#include "storage/segment/ivf_training_internal.h"
#include "storage/segment/link_graph.h"
#include "storage/segment/packed_lists_internal.h"
#include "storage/segment/row_store.h"

namespace sightline::storage {
namespace {

// Bytes beside the values that EstimateDiskBytes is told of. Each entry of a table has a key of 8 bytes, RocksDB's
// sequence number and type (8), lengths (3), 10 bits in a Bloom filter and a share of its block's index entry and
// trailer; keys that follow each other share what they begin with.
constexpr uint64_t kEntry = 16;
constexpr uint64_t kVectorsHead = 14;  // docs/STORAGE_FORMAT.md, as the next two
constexpr uint64_t kVectorHead = 9;
constexpr uint64_t kTokensHead = 14;
// After LZ4, with their keys; an item also with its entries in `paths` and `hashes`.
constexpr uint64_t kItem = 74;
constexpr uint64_t kUnit = 25;

// LZ4 makes so much of a path, which stands in the item and as a key, and of words in metadata.
constexpr double kPathShare = 0.4;
constexpr double kTextShare = 0.7;

// Of a unit of a segment; and of a row, where units have several: which unit, and when its frame is.
constexpr uint64_t kSegmentUnit = 10;
constexpr uint64_t kSegmentFrame = 8;

uint64_t GraphBytes(const IndexOptions& options, uint64_t rows) {
  const uint64_t links = options.links != 0 ? options.links : LinkGraph::Plan{}.links;
  // Twice as many links on the lowest level; every `links`-th row is on the level above, and so on.
  return rows * sizeof(uint32_t) * (2 * links + 1 + 1 / std::max<uint64_t>(1, links - 1));
}

uint64_t ListBytes(const IndexOptions& options, uint64_t rows, uint32_t dim) {
  const IvfShape shape = ShapeFor(options, rows, dim);
  const uint64_t entries = rows * (shape.two_lists ? 2 : 1);
  const uint64_t codes = shape.lists * PackedLists::CodeBytes(entries / shape.lists, shape.subspaces, shape.bits);
  const uint64_t codebook = (uint64_t{dim} << shape.bits) * sizeof(float);
  const uint64_t rotation = shape.rotated ? uint64_t{dim} * dim * sizeof(float) : 0;
  return codes + entries * sizeof(uint32_t) + shape.lists * RowStore::StrideOf(RowFormat::kInt8, dim) + codebook +
         rotation;
}

}  // namespace

uint64_t EstimateDiskBytes(const PlannedRecords& records, uint32_t dim) {
  const uint64_t vectors =
      records.units * (kEntry + kVectorsHead) + records.vectors * (kVectorHead + uint64_t{dim} * sizeof(float));
  const uint64_t tokens =
      records.token_bytes > 0 ? records.token_bytes + records.units * (kEntry + kTokensHead) : uint64_t{0};
  const double text =
      kPathShare * static_cast<double>(records.path_bytes) + kTextShare * static_cast<double>(records.metadata_bytes);
  return records.items * kItem + records.units * kUnit + vectors + tokens + records.thumbnail_bytes +
         static_cast<uint64_t>(text);
}

uint64_t EstimateSegmentBytes(const IndexOptions& options, uint64_t units, uint64_t vectors, uint32_t dim) {
  if (units == 0 || (options.kind == IndexKind::kAuto && vectors <= options.exact_limit)) return 0;
  // What is left over stays in the fresh segment, which has no file.
  const uint64_t rows = vectors / SealRows(options) * SealRows(options);
  if (rows == 0) return 0;
  const IndexOptions chosen = OptionsForSegment(options, rows);
  const uint64_t frame_rows = vectors > units ? rows : 0;
  const uint64_t stored =
      rows * RowStore::StrideOf(chosen.rows, dim) + rows * units / vectors * kSegmentUnit + frame_rows * kSegmentFrame;
  switch (chosen.kind) {
    case IndexKind::kHnsw:
      return stored + GraphBytes(chosen, rows);
    case IndexKind::kIvfPq:
    case IndexKind::kIvfPqFastScan:
      return rows < kMinIvfRows ? stored : stored + ListBytes(chosen, rows, dim);
    case IndexKind::kFlat:
    case IndexKind::kAuto:
      break;
  }
  return stored;
}

}  // namespace sightline::storage
