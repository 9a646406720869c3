// SPDX-License-Identifier: BSD-3-Clause
#include "storage/disk_estimate.h"

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

}  // namespace sightline::storage
