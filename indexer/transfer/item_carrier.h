// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/result.h"
#include "indexer/run_log.h"
#include "indexer/transfer/item_joiner.h"
#include "storage/collection.h"

namespace sightline::indexer {

struct CarrierOptions {
  size_t batch_items = 256;        ///< Items in one commit.
  size_t batch_bytes = 16u << 20;  ///< Of vectors, tokens and thumbnails in one commit, and in memory.
  size_t part_units = 64;          ///< Clips of one video in one commit.
  /// Called with the items of every batch before they are joined, without Collection::change_mutex: brings along what
  /// belongs to them and lies elsewhere, and may give them other paths. What it returns is kept until the items are
  /// committed. May be empty.
  std::function<Result<std::shared_ptr<void>>(std::span<storage::ItemRecord> items)> bring_files{};
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

  /// Takes one item, and brings those in hand when they are enough (Flush). `read` is called then.
  /// @param held_bytes  that `read` keeps in memory.
  Status Bring(storage::ItemRecord item, ItemJoiner::ReadUnits read, size_t held_bytes = 0);

  /// Joins the items in hand (ItemJoiner, Note [Joining items]) and commits them. Errors: those of
  /// CarrierOptions::bring_files, ItemJoiner::Join and Collection::Commit.
  Status Flush();

 private:
  Status Join(const storage::ItemRecord& item, const ItemJoiner::ReadUnits& read);
  Status Commit();

  RunLog& log_;
  ItemJoiner joiner_;
  std::unique_lock<std::timed_mutex> changing_;  ///< While something is joined and not committed.
  const uint64_t total_;
  const CarrierOptions options_;
  BatchTally tally_;
  std::vector<storage::ItemRecord> items_;  ///< In hand.
  std::vector<ItemJoiner::ReadUnits> reads_;
  size_t held_bytes_ = 0;    ///< By these.
  size_t joined_bytes_ = 0;  ///< Of what is joined and not committed.
};

/// Vectors, tokens and thumbnail of a unit.
size_t BytesOf(const storage::NewUnit& unit);

}  // namespace sightline::indexer
