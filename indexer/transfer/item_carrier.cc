// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/item_carrier.h"

#include <optional>
#include <utility>

namespace sightline::indexer {
namespace {

size_t BytesOf(const storage::NewUnit& unit) {
  size_t bytes = unit.thumbnail.size() + (unit.tokens ? unit.tokens->size_bytes() : 0);
  for (const storage::UnitVector& vector : unit.record.vectors) bytes += vector.embedding.size() * sizeof(float);
  return bytes;
}

}  // namespace

Status ItemCarrier::Bring(const storage::ItemRecord& item, const ItemJoiner::ReadUnits& read) {
  const auto read_and_weigh = [&](size_t first, size_t count) {
    auto units = read(first, count);
    if (units) {
      for (const storage::NewUnit& unit : *units) bytes_ += BytesOf(unit);
    }
    return units;
  };
  for (;;) {
    if (!changing_) changing_.lock();
    SL_ASSIGN_OR_RETURN(Resolution resolution, joiner_.Join(item, options_.part_units, read_and_weigh));
    if (resolution != Resolution::kUnfinished) {
      tally_.Count(resolution);
      break;
    }
    SL_RETURN_IF_ERROR(Flush());
  }
  if (++items_ >= options_.batch_items || bytes_ >= options_.batch_bytes) return Flush();
  return {};
}

Status ItemCarrier::Flush() {
  SL_RETURN_IF_ERROR(log_.Commit(joiner_.Take(), std::exchange(tally_, {})));
  if (changing_) changing_.unlock();
  items_ = 0;
  bytes_ = 0;
  log_.Report(total_, true, std::nullopt);
  return {};
}

}  // namespace sightline::indexer
