// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include "base/result.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// Gives a collection that is empty and has no settings yet those of where its items come from: whoever has units or
/// settings of his own keeps how he is searched. What `tune` measured stays behind, because it was measured there.
/// `name` is what brings them, for the message. Errors: those of SetSettings.
Status CarrySettings(std::string_view name, storage::CollectionSettings settings, storage::Collection& target);

}  // namespace sightline::indexer
