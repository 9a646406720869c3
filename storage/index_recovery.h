// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "storage/index_records.h"
#include "storage/rocksdb_record_store.h"
#include "storage/segmented_index.h"

namespace sightline::storage {

/// What opening found out about the index.
struct RecoveredIndex {
  std::unique_ptr<SegmentedIndex> index;
  Manifest manifest;                ///< As stored; empty when there is none or it cannot be read.
  std::vector<uint64_t> unusable;   ///< Listed segments whose units are in the fresh segment instead.
  std::vector<std::string> damage;  ///< What is wrong with derived data, for a person.
  uint64_t changes = 0;             ///< Entries of the change log that were replayed.
};

/// Builds the index of a collection from its segments and the change log, and from the records what those do not tell.
/// Damaged segments are reported and passed over. Starts logging where there are segments.
/// @param leave_out  numbers of segments that are not to be used.
/// Errors: kFailedPrecondition (a newer program made a segment), kResourceExhausted, kUnavailable, and kCorruption of
/// records.
Result<RecoveredIndex> RecoverIndex(const std::filesystem::path& collection,
                                    const std::shared_ptr<RocksDbRecordStore>& store, const IndexOptions& options,
                                    const std::vector<uint64_t>& leave_out = {});

}  // namespace sightline::storage
