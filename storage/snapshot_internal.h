// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "base/result.h"
#include "storage/collection.h"
#include "storage/rocksdb_record_store.h"

namespace sightline::storage {

/// Collection::Snapshot. The caller keeps files of `segments/` from being removed meanwhile.
Result<SnapshotInfo> WriteSnapshot(const std::filesystem::path& collection, const RocksDbRecordStore& store,
                                   const std::filesystem::path& out);

}  // namespace sightline::storage
