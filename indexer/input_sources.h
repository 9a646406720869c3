// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>

#include "indexer/indexer.h"
#include "indexer/input_entry.h"

namespace sightline::indexer {

/// Returns false to end the visit.
using InputVisitor = std::function<bool(InputEntry)>;

/// Visits everything of their shard that `inputs` name, one entry at a time and in the same order every time. Blocking
/// I/O; holds little in memory however much there is.
/// @return whether it came to the end.
bool VisitInputs(const IndexInputs& inputs, const InputVisitor& visit);

}  // namespace sightline::indexer
