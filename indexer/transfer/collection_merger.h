// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "indexer/indexer.h"
#include "indexer/transfer/item_carrier.h"
#include "storage/collection.h"

namespace sightline::indexer {

struct MergeOptions {
  std::string name;  ///< Of the source, for the job record and messages.
  CarrierOptions batches{};
  std::chrono::milliseconds report_every{200};  ///< The observer hears of progress at most so often.
};

/// Brings everything of `source` into `target` under new ids: items with their metadata, units with vectors, tokens and
/// thumbnails (ItemJoiner, Note [Joining items]), and its job records, older than the merge's own. The source is only
/// read. The same again is a no-op; after a stop or a crash it goes on where it was. Counts items. `observer` may be
/// null. Errors: those of CheckFits, of the source's reads, and of Collection::Commit.
Result<IndexReport> MergeCollection(storage::Collection& target, const storage::Collection& source,
                                    const MergeOptions& options, IndexObserver* observer, std::stop_token stop);

}  // namespace sightline::indexer
