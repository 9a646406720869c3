// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace sightline::storage {

/// Whether the disk of `folder` has at least `min_free_bytes` free for this user. A disk that cannot be asked passes.
/// Errors: kResourceExhausted, with both numbers.
Status CheckFreeSpace(const std::filesystem::path& folder, uint64_t min_free_bytes);

}  // namespace sightline::storage
