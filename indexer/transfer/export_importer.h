// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>

#include "base/result.h"
#include "indexer/indexer.h"
#include "indexer/transfer/export_folder.h"
#include "indexer/transfer/item_carrier.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// The configuration of a collection that takes this export: its model, without patches, which it does not bring.
storage::CollectionConfig ConfigFor(const ExportInfo& info);

struct ExportImportOptions {
  CarrierOptions batches{};
  std::chrono::milliseconds report_every{200};  ///< The observer hears of progress at most so often.
};

/// Brings the items of an export (export_folder.h, Note [Exports]) into a collection as a merge does (ItemJoiner, Note
/// [Joining items]): the same again is a no-op, after a stop or a crash it goes on where it was. Counts items.
/// `observer` may be null.
/// Errors: those of ReadExportInfo and CheckFits, kCorruption (rows and lines do not belong together, a line cannot be
/// read, a vector without a direction: the message has the line), and those of Collection::Commit.
Result<IndexReport> ImportExport(storage::Collection& collection, const std::filesystem::path& folder,
                                 const ExportImportOptions& options, IndexObserver* observer, std::stop_token stop);

}  // namespace sightline::indexer
