// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <unordered_map>
#include <unordered_set>

#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "encoder/encoder.h"
#include "query/token_cache.h"
#include "storage/collection.h"

namespace sightline::query {

/// What the fusion encoder reads of units: patches of image and clip units, token states of text units.
using TokenTable = std::unordered_map<UnitId, SharedTokens>;

/// A unit whose tokens are wanted, as a search found it.
struct WantedTokens {
  UnitId unit;
  Epoch written_at;
};

/// Where tokens come from. All must outlive its users.
struct TokenSource {
  const storage::Collection& collection;
  encoder::Encoder& encoder;
  TokenCache& cache;
};

struct LoadedTokens {
  TokenTable table;
  std::unordered_set<UnitId> cached;  ///< Those of the table that were in memory already.
};

/// The tokens of `wanted`, each unit once: from the cache, else as stored. A collection that stores none has them made
/// again: pictures and clips from their files, texts from the words in the metadata. What was loaded is kept in the
/// cache. Units without tokens (removed, or the file is gone or changed) are absent from the table.
/// Errors: kCancelled, and RecordStore's read errors.
Result<LoadedTokens> LoadTokens(std::span<const WantedTokens> wanted, const TokenSource& source, const Limits& limits);

}  // namespace sightline::query
