// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include "base/metadata.h"
#include "base/result.h"

namespace sightline::indexer {

/// Metadata from the text of a JSON object, typed as in manifests: a value is text, a number, true, false, a time
/// ({"time": "2024-05-01T18:30:00Z"}; under "taken_at" the bare text as well) or a list of those; null is as if the key
/// were not there.
/// Errors: kInvalidArgument (not UTF-8, not a JSON object, a key that is empty or starts with "sightline.", any other
/// value): the message names the key.
Result<Metadata> ParseMetadata(std::string_view json_object);

}  // namespace sightline::indexer
