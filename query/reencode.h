// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <vector>

#include "base/limits.h"
#include "encoder/encoder.h"
#include "query/tokens.h"
#include "storage/record_store.h"

namespace sightline::query {

/// Makes the tokens of units again, for collections that store none. Image units: reads each item's first readable path
/// whose content still has the stored hash, decodes it as indexing does by default, encodes it. Clip units: likewise,
/// with the frames at the times of their frame vectors. Text units: encodes the words in the item's metadata. What
/// cannot be read any more is left out; running out of time leaves out the rest. Errors: kCancelled, and RecordStore's
/// read errors. I/O and encoding: a second or more for a deep rerank on a CPU.
Result<TokenTable> ReencodeTokens(std::span<const UnitId> units, const storage::RecordStore& records,
                                  encoder::Encoder& encoder, const Limits& limits);

}  // namespace sightline::query
