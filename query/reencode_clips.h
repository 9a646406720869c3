// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "base/limits.h"
#include "encoder/encoder.h"
#include "query/tokens.h"
#include "storage/records.h"

namespace sightline::query {

/// A unit whose tokens are missing, with its item.
struct MissingUnit {
  storage::UnitRecord unit;
  storage::ItemRecord item;
};

/// Makes the patches of the clips in `batch` again and adds them to `table`: reads each video's first readable path
/// whose content still has the stored hash, decodes the frames at the times of the unit's frame vectors, encodes them.
/// What cannot be read any more is left out. I/O, decoding and encoding; all frames are in memory at a time.
void EncodeClipsAgain(std::span<const MissingUnit> batch, encoder::Encoder& encoder, const Limits& limits,
                      TokenTable& table);

}  // namespace sightline::query
