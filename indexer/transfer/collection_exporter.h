// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>

#include "base/result.h"
#include "indexer/transfer/export_folder.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// Hears how many items are written.
using ExportProgress = std::function<void(uint64_t items)>;

/// Writes all vectors of a collection and what they belong to into the new folder `out` (export_folder.h, Note
/// [Exports]). It is made beside its place under the name `<out>.tmp<pid>` and renamed when all of it is durable; after
/// a failure or a stop nothing is left. Memory does not grow with the collection. What is removed while it runs may be
/// missing. `progress` may be null.
/// Errors: kAlreadyExists (`out` is there, and is no empty folder), kCancelled, kResourceExhausted (disk full),
/// kUnavailable, and those of Collection::ForEachItem. Blocking I/O.
Result<ExportInfo> ExportCollection(const storage::Collection& collection, const std::filesystem::path& out,
                                    const ExportProgress& progress, std::stop_token stop);

}  // namespace sightline::indexer
