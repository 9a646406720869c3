// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "base/result.h"
#include "indexer/run_log.h"
#include "indexer/transfer/item_joiner.h"
#include "storage/collection.h"

namespace sightline::indexer {

struct CarrierOptions {
  size_t batch_items = 256;        ///< Items in one commit.
  size_t batch_bytes = 16u << 20;  ///< Of vectors, tokens and thumbnails in one commit, and in memory.
  size_t part_units = 64;          ///< Clips of one video in one commit.
};

/// Brings items of another collection in batches, each committed durably and counted in the run's log. Confined to one
/// thread.
class ItemCarrier {
 public:
  /// Both must outlive the carrier. @param total  items that will be brought, for the progress.
  ItemCarrier(storage::Collection& collection, RunLog& log, uint64_t total, const CarrierOptions& options)
      : log_(log),
        joiner_(collection),
        changing_(collection.change_mutex(), std::defer_lock),
        total_(total),
        options_(options) {}

  /// Joins one item (ItemJoiner, Note [Joining items]) and commits what is in hand when it is enough. Errors: those of
  /// ItemJoiner::Join and Collection::Commit.
  Status Bring(const storage::ItemRecord& item, const ItemJoiner::ReadUnits& read);

  /// Commits what is in hand.
  Status Flush();

 private:
  RunLog& log_;
  ItemJoiner joiner_;
  std::unique_lock<std::timed_mutex> changing_;  ///< While something is in hand.
  const uint64_t total_;
  const CarrierOptions options_;
  BatchTally tally_;
  size_t items_ = 0;
  size_t bytes_ = 0;
};

}  // namespace sightline::indexer
