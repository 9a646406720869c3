// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace sightline::indexer {

/// One of `count` parts of everything that a run could index, for as many runs on as many machines.
///
/// Note [Shards]
/// A file, tar member or caption belongs to the shard that the SHA-256 of its path says: the first eight bytes as a
/// little-endian number, modulo `count`, plus 1. So every run decides by itself and every entry has exactly one shard,
/// whatever else there is, as long as the machines see it under the same path.
struct PathShard {
  uint32_t index = 1;  ///< 1..count.
  uint32_t count = 1;

  friend bool operator==(const PathShard&, const PathShard&) = default;
};

/// Whether the shard has this path.
bool Contains(const PathShard& shard, std::string_view path);

/// Reads "2/8". Errors: kInvalidArgument (not two numbers, or not 1 <= index <= count <= 100,000).
Result<PathShard> ParsePathShard(std::string_view text);

}  // namespace sightline::indexer
