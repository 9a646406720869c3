// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "storage/dead_rows.h"
#include "storage/index_options.h"

/// Stored bytes of what belongs to the index: the manifest, the options, the training queries, the change log
/// (docs/STORAGE_FORMAT.md). Every Decode fails with kCorruption when the bytes contradict the format.
namespace sightline::storage {

/// One sealed segment as the manifest lists it.
struct ManifestSegment {
  uint64_t number = 0;  ///< Its file is segments/<number>.seg. Never reused while a manifest names it.
  IndexKind kind = IndexKind::kFlat;
  uint64_t rows = 0;
  uint64_t units = 0;
  uint64_t file_bytes = 0;
  uint32_t file_checksum = 0;  ///< CRC-32 of the whole file.
  DeadRows dead;

  friend bool operator==(const ManifestSegment&, const ManifestSegment&) = default;
};

/// Which sealed segments there are, and up to where they tell the whole story: every unit that no change after
/// `covered` names has its rows in exactly one of them, and no other row of them lives.
struct Manifest {
  Epoch covered;  ///< No value: nothing is sealed.
  uint64_t next_number = 1;
  std::vector<ManifestSegment> segments;  ///< In order of their numbers.

  friend bool operator==(const Manifest&, const Manifest&) = default;
};
std::string EncodeManifest(const Manifest& manifest);
Result<Manifest> DecodeManifest(std::string_view bytes);

std::string EncodeIndexOptions(const IndexOptions& options);
Result<IndexOptions> DecodeIndexOptions(std::string_view bytes);

/// Text-query embeddings that segments are trained with, `dim` floats each.
std::string EncodeTrainingQueries(const std::vector<float>& queries, uint32_t dim);
Result<std::vector<float>> DecodeTrainingQueries(std::string_view bytes, uint32_t dim);

/// What a commit did to a unit. The numbers are stored.
enum class UnitChange : uint8_t { kPut = 1, kDropped = 2 };

/// Keys of the change log sort by epoch, then by unit.
std::string EncodeChangeKey(Epoch epoch, UnitId unit);
Result<std::pair<Epoch, UnitId>> DecodeChangeKey(std::string_view key);
std::string EncodeChange(UnitChange change);
Result<UnitChange> DecodeChange(std::string_view bytes);

}  // namespace sightline::storage
