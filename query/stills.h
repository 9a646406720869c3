// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/types.h"
#include "query/searcher.h"
#include "storage/record_store.h"

namespace sightline::query {

struct StillOptions {
  int max_side = 384;  ///< Pixels of a still that is made here; a stored thumbnail stays as it is.
  int quality = 85;    ///< JPEG.
  int decoder_threads = 1;
  Limits limits{};  ///< What is not made by then stays without a still.
};

/// What one hit or moment looks like: JPEG bytes, empty where there is nothing to show.
using Still = std::vector<std::byte>;

/// A still for every hit: the stored thumbnail, otherwise, of a clip, the frame of its video that is nearest to the
/// query (the middle of its window where no frame is known). Captions have none. A file that is gone, has another size
/// than when it was indexed or cannot be decoded leaves its hits without one: never an error. Each video is opened
/// once.
/// @return one entry per hit, in order. Errors: kCancelled, and RecordStore's read errors. Blocking I/O and decoding.
Result<std::vector<Still>> MakeStills(std::span<const Hit> hits, const storage::RecordStore& records,
                                      const StillOptions& options);

}  // namespace sightline::query
