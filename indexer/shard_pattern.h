// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::indexer {

/// Expands every `{000..012}` in `pattern`, as the names of shards are written: all numbers from the first to the last,
/// both included, with leading zeros to the width of the longer one when either has any. Several ranges give all
/// combinations, the last one counting fastest. Text without a range comes back as it is; braces that hold none stay.
/// Errors: kInvalidArgument (more than a million names, a number of more than 18 digits).
Result<std::vector<std::string>> ExpandShardPattern(std::string_view pattern);

}  // namespace sightline::indexer
