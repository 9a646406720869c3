// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include "base/filter.h"
#include "base/result.h"
#include "base/types.h"
#include "encoder/encoder.h"
#include "query/searcher.h"
#include "storage/collection.h"

namespace sightline::query {

/// What the fusion encoder reads when it meets a unit.
enum class Pairing {
  kNone,     ///< Nothing: words against words and pictures against pictures have no match logit.
  kWords,    ///< The query's words against the unit's patches.
  kPicture,  ///< The query's picture or item against the unit's token states: the roles swapped.
};

/// How a request is read against units of one type. An item is read only where captions alone are searched: "more like
/// this" finds what is like it, and captions with a match logit would stand before all of that.
Pairing PairingOf(const SearchRequest& request, UnitType type);

/// What a request needs from the stages.
struct Plan {
  bool needs_text_encoder = false;   ///< There are words.
  bool needs_image_encoder = false;  ///< There is a picture.
  bool reads_item = false;           ///< The item's own patches are needed to rerank.
  bool rerank = false;               ///< Some type that is searched has a pairing, at a depth above 0.
  size_t coarse_k = 0;               ///< Candidates asked of the coarse stage.
  Filter filter;                     ///< What is searched: the request's, see Note [Types searched].
};

/// Whether a request asks for some unit to be read by the fusion encoder: a type that is searched has a pairing, at a
/// depth above 0. Without a model nothing is read all the same.
bool WantsRerank(const SearchRequest& request);

/// Checks a request and decides its stages. `encoder` may be null.
/// Errors: kInvalidArgument and kFailedPrecondition as in Searcher::Search, as far as they show before encoding.
///
/// Note [Types searched]
/// Words are closer to any other words than to the picture that they describe, so captions would take all places of the
/// coarse stage, and none of them could be reranked. A query by words or by a picture that names no types therefore
/// searches what can be seen: image and clip units. Captions are found by asking for them.
Result<Plan> MakePlan(const SearchRequest& request, const storage::CollectionConfig& config,
                      const encoder::Encoder* encoder);

}  // namespace sightline::query
