// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "base/limits.h"
#include "storage/collection.h"
#include "storage/index_state.h"
#include "storage/rocksdb_record_store.h"

namespace sightline::storage {

/// Compares the index with the records of the same epoch: every unit is in exactly one place with all its vectors, and
/// nothing else is; the files of segments are what was written. Findings go into the report. Errors: those of limits
/// and of reading records.
Status VerifyIndex(const std::filesystem::path& collection, const RocksDbRecordStore& store,
                   const RocksDbRecordStore::Moment& moment, const IndexState& state, const Limits& limits,
                   VerifyReport& report);

}  // namespace sightline::storage
