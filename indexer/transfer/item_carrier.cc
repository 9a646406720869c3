// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/item_carrier.h"

#include <optional>
#include <utility>

namespace sightline::indexer {

size_t BytesOf(const storage::NewUnit& unit) {
  size_t bytes = unit.thumbnail.size() + (unit.tokens ? unit.tokens->size_bytes() : 0);
  for (const storage::UnitVector& vector : unit.record.vectors) bytes += vector.embedding.size() * sizeof(float);
  return bytes;
}

Status ItemCarrier::Bring(storage::ItemRecord item, ItemJoiner::ReadUnits read, size_t held_bytes) {
  items_.push_back(std::move(item));
  reads_.push_back(std::move(read));
  held_bytes_ += held_bytes;
  if (items_.size() >= options_.batch_items || held_bytes_ >= options_.batch_bytes) return Flush();
  return {};
}

Status ItemCarrier::Flush() {
  std::shared_ptr<void> held;
  if (options_.bring_files) {
    SL_ASSIGN_OR_RETURN(held, options_.bring_files(items_));
  }
  for (size_t i = 0; i < items_.size(); ++i) {
    SL_RETURN_IF_ERROR(Join(items_[i], reads_[i]));
    if (joined_bytes_ >= options_.batch_bytes) SL_RETURN_IF_ERROR(Commit());
  }
  SL_RETURN_IF_ERROR(Commit());
  items_.clear();
  reads_.clear();
  held_bytes_ = 0;
  return {};
}

// Of a long video a part at a time, with a commit between two of them.
Status ItemCarrier::Join(const storage::ItemRecord& item, const ItemJoiner::ReadUnits& read) {
  const auto read_and_weigh = [&](size_t first, size_t count) {
    auto units = read(first, count);
    if (units) {
      for (const storage::NewUnit& unit : *units) joined_bytes_ += BytesOf(unit);
    }
    return units;
  };
  for (;;) {
    if (!changing_) changing_.lock();
    SL_ASSIGN_OR_RETURN(const Resolution resolution, joiner_.Join(item, options_.part_units, read_and_weigh));
    if (resolution != Resolution::kUnfinished) {
      tally_.Count(resolution);
      return {};
    }
    SL_RETURN_IF_ERROR(Commit());
  }
}

Status ItemCarrier::Commit() {
  SL_RETURN_IF_ERROR(log_.Commit(joiner_.Take(), std::exchange(tally_, {})));
  if (changing_) changing_.unlock();
  joined_bytes_ = 0;
  log_.Report(total_, true, std::nullopt);
  return {};
}

}  // namespace sightline::indexer
