// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <unordered_map>

#include "base/ids.h"
#include "base/token_matrix.h"
#include "encoder/encoder.h"
#include "query/search_state.h"
#include "storage/collection.h"

namespace sightline::query {

/// The patches of the units that a batch reranks, each loaded once.
using PatchTable = std::unordered_map<UnitId, TokenMatrix>;

/// Whether the fusion encoder reads words against this candidate.
bool HasPatches(const Candidate& candidate);

/// Collects the patches of the first `rerank_depth` candidates of every living state that reranks. A collection that
/// stores none has its media files read, checked against the stored content hash, decoded and encoded again. Units
/// without patches (removed, or the file is gone or changed) are absent from the table. Reading errors of the store
/// fail the states.
PatchTable LoadPatches(std::span<SearchState> states, const storage::Collection& collection, encoder::Encoder& encoder);

}  // namespace sightline::query
