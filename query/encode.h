// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>

#include "encoder/encoder.h"
#include "query/search_state.h"
#include "storage/record_store.h"

namespace sightline::query {

/// Gives every living state its query vector and, where there are words or a picture, token states or patches: one
/// EncodeTexts and one EncodeImages call for all. A picture, item or vector joined by words searches with the
/// normalised sum of both embeddings. `encoder` may be null when no plan needs it. Failures land in the states.
void EncodeQueries(std::span<SearchState> states, encoder::Encoder* encoder, const storage::RecordStore& records,
                   uint32_t dim);

}  // namespace sightline::query
