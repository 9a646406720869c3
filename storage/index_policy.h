// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "storage/index_state.h"

/// When the index is worked on in the background, and at what.
namespace sightline::storage {

/// One step of background work.
struct IndexTask {
  bool seal = false;              ///< Make a segment of the fresh rows; otherwise of those of `numbers`.
  std::vector<uint64_t> numbers;  ///< Segments that one takes the place of.
};

/// Rows in the fresh segment that start a seal.
uint64_t SealRows(const IndexOptions& options);

/// Whether the collection has segments at all by now, or keeps everything exact.
bool MaySeal(const IndexState& state);

/// The most urgent step, if any is due. See Note [Sizes of segments].
/// @param changes  units changed since the last seal began, as far as the change log holds them.
std::optional<IndexTask> NextTask(const IndexState& state, uint64_t changes);

/// What a new segment of so many rows is made like: `kind` is chosen.
IndexOptions OptionsForSegment(const IndexOptions& options, uint64_t rows);

}  // namespace sightline::storage
