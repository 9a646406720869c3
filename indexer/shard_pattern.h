// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::indexer {

/// Expands every `{000..012}` in `pattern`, as the names of shards are written: all numbers from the first to the last,
/// both included, with leading zeros to the width of the longer one when either has any. Several ranges give all
/// combinations, the last one counting fastest. Text without a range comes back as it is; braces that hold none stay.
/// Errors: kInvalidArgument (more than `most` names, a number of more than 18 digits, a pattern with ranges that is
/// longer than 4,096 bytes, as no path is).
Result<std::vector<std::string>> ExpandShardPattern(std::string_view pattern, size_t most = 1'000'000);

}  // namespace sightline::indexer
