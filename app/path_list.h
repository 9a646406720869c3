// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>
#include <filesystem>
#include <vector>

#include "base/result.h"

namespace sightline::app {

/// Reads paths from `in` until it ends, separated by `separator` ('\n' or '\0'); empty ones are skipped. Blocks.
/// Errors: kUnavailable (reading fails), kResourceExhausted (one path longer than 64 KiB).
Result<std::vector<std::filesystem::path>> ReadPathList(std::FILE* in, char separator);

}  // namespace sightline::app
