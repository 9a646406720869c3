// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/token_matrix.h"
#include "storage/collection.h"
#include "storage/records.h"

/// Stored bytes of every record (docs/STORAGE_FORMAT.md). Encoding cannot fail; every Decode fails with kCorruption
/// when the bytes contradict the format, and reads nothing outside them. Ids that are keys are given to Decode.
namespace sightline::storage {

/// What this build writes, and the newest that it reads.
inline constexpr uint32_t kFormatVersion = 2;

std::string EncodeItem(const ItemRecord& item);
Result<ItemRecord> DecodeItem(ItemId id, std::string_view bytes);

/// A unit without its vectors, which lie in a record of their own so that a scan over units stays small.
struct StoredUnit {
  UnitRecord record;  ///< `vectors` is empty.
  Epoch written_at;   ///< The commit that wrote it: what is newer than a sealed segment.
  uint32_t vector_count = 0;
  uint64_t token_bytes = 0;  ///< TokenMatrix::size_bytes; 0: none stored.
  uint64_t thumbnail_bytes = 0;
};
std::string EncodeUnit(const NewUnit& unit, Epoch written_at);
Result<StoredUnit> DecodeUnit(UnitId id, std::string_view bytes);

/// fp32, so that what is read is bit for bit what was put. All vectors have the same length.
std::string EncodeVectors(std::span<const UnitVector> vectors);
Result<std::vector<UnitVector>> DecodeVectors(UnitId id, std::string_view bytes);

/// The checksum covers the head only; RocksDB's block checksum covers the rest, which is far bigger than everything
/// else.
std::string EncodeTokens(const TokenMatrix& tokens);
Result<TokenMatrix> DecodeTokens(UnitId id, std::string_view bytes);

std::string EncodeThumbnail(std::span<const std::byte> jpeg);
Result<std::vector<std::byte>> DecodeThumbnail(UnitId id, std::string_view bytes);

std::string EncodeJob(const JobRecord& job);
Result<JobRecord> DecodeJob(JobId id, std::string_view bytes);

/// The value of both lookup families.
std::string EncodeLookup(ItemId item);
Result<ItemId> DecodeLookup(std::string_view bytes);

std::string EncodeConfig(const CollectionConfig& config);
/// Also fails with kFailedPrecondition when a newer program made the collection.
Result<CollectionConfig> DecodeConfig(std::string_view bytes);

/// The ids that were not reserved yet; all smaller ones may be in use.
struct IdCounters {
  uint64_t next_item = 1;
  uint64_t next_unit = 1;

  friend bool operator==(const IdCounters&, const IdCounters&) = default;
};
std::string EncodeCounters(const IdCounters& counters);
Result<IdCounters> DecodeCounters(std::string_view bytes);

/// What every commit changes: the epoch that it makes, and how much there is.
struct CollectionState {
  Epoch epoch;
  uint64_t items = 0;
  uint64_t units = 0;
  uint64_t vectors = 0;
  uint64_t token_bytes = 0;
  uint64_t thumbnail_bytes = 0;

  friend bool operator==(const CollectionState&, const CollectionState&) = default;
};
std::string EncodeState(const CollectionState& state);
Result<CollectionState> DecodeState(std::string_view bytes);

/// How far the secondary index is filled: items with smaller ids have their terms.
std::string EncodeTermsFilled(uint64_t below);
Result<uint64_t> DecodeTermsFilled(std::string_view bytes);

/// Ids as keys: 8 bytes, most significant first, so that RocksDB's order is the order of ids.
std::string EncodeIdKey(uint64_t id);
/// The keys of many ids (a range of Id), in their order.
template <typename Ids>
std::vector<std::string> EncodeIdKeys(const Ids& ids) {
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const auto id : ids) keys.push_back(EncodeIdKey(id.value));
  return keys;
}
Result<uint64_t> DecodeIdKey(std::string_view key);

}  // namespace sightline::storage
