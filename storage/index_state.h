// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "storage/dead_rows.h"
#include "storage/index_options.h"
#include "storage/row_table.h"
#include "storage/segment/sealed_segment.h"

namespace sightline::storage {

/// A sealed segment and what is known of it beside its content. Immutable.
struct SegmentSlot {
  uint64_t number = 0;
  uint64_t file_bytes = 0;
  uint32_t file_checksum = 0;
  std::shared_ptr<const SealedSegment> segment;
  DeadRows dead;
  size_t dead_units = 0;

  size_t live_rows() const { return segment->rows() - dead.count(); }
  size_t live_units() const { return segment->units() - dead_units; }
  /// Whether the rows of a unit are here and alive. A unit's rows live and die together.
  bool HasLiving(UnitId unit) const {
    const auto [first, last] = segment->RowsOf(unit);
    return first != last && !dead.Has(first);
  }
};
using SegmentSlots = std::vector<std::shared_ptr<const SegmentSlot>>;

/// The whole index at one epoch. Every unit is in exactly one of its parts. Immutable.
struct IndexState {
  Epoch epoch;
  IndexOptions options;  ///< How it is searched.
  SegmentSlots slots;
  std::shared_ptr<const RowTable> frozen;  ///< Rows on their way into a segment; null: none are.
  Epoch frozen_at;                         ///< When they were all the rows that no segment had.
  std::shared_ptr<const RowTable> fresh;   ///< Never null.

  size_t live_rows() const;
  size_t live_units() const;
};

}  // namespace sightline::storage
