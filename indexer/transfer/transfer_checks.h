// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include "base/result.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// Whether items made under `from` can live in a collection made under `to`: the same model, the same length of
/// vectors, and patches kept in the same way or not wanted here. `name` is what brings them, for the message. Errors:
/// kFailedPrecondition (the message has both fingerprints, or both ways).
Status CheckFits(std::string_view name, const storage::CollectionConfig& from, const storage::CollectionConfig& to);

}  // namespace sightline::indexer
