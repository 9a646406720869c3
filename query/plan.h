// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include "base/result.h"
#include "encoder/encoder.h"
#include "query/searcher.h"
#include "storage/collection.h"

namespace sightline::query {

/// What a request needs from the stages.
struct Plan {
  bool needs_text_encoder = false;   ///< There are words.
  bool needs_image_encoder = false;  ///< There is a picture.
  bool rerank = false;               ///< Words against patches, at a depth above 0.
  size_t coarse_k = 0;               ///< Candidates asked of the coarse stage.
};

/// Checks a request and decides its stages. `encoder` may be null.
/// Errors: kInvalidArgument and kFailedPrecondition as in Searcher::Search, as far as they show before encoding.
Result<Plan> MakePlan(const SearchRequest& request, const storage::CollectionConfig& config,
                      const encoder::Encoder* encoder);

}  // namespace sightline::query
