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

/// What the fusion encoder reads of the units that a batch reranks, each loaded once: patches of image and clip units,
/// token states of text units.
using TokenTable = std::unordered_map<UnitId, TokenMatrix>;

/// Collects the tokens of the first `rerank_depth` candidates of every living state that reranks, as far as they are
/// paired. A collection that stores none has them made again: pictures and clips from their files, texts from the words
/// in the metadata. Units without tokens (removed, or the file is gone or changed) are absent from the table. Reading
/// errors of the store fail the states.
TokenTable LoadTokens(std::span<SearchState> states, const storage::Collection& collection, encoder::Encoder& encoder);

}  // namespace sightline::query
