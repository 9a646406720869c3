// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "encoder/encoder.h"
#include "eval/retrieval_set.h"
#include "indexer/indexer.h"
#include "storage/collection.h"

namespace sightline::eval {

/// The pictures of an evaluation set as they are in a collection.
struct Gallery {
  std::vector<std::optional<ItemId>> items;  ///< Per picture of the set; absent where it could not be indexed.
  std::vector<std::string> missing;          ///< Those, with the reason.
};

/// Indexes the set's pictures into `collection` as `sightline index` does, but without EXIF orientation, which the
/// reference's protocol ignores (x2vlm-spec section 8.1). Pictures already there are not encoded again. `observer` may
/// be null. Errors: the indexer's, kCancelled (stopped before the end).
Result<Gallery> IndexGallery(const RetrievalSet& set, const std::filesystem::path& image_folder,
                             storage::Collection& collection, encoder::Encoder& encoder, indexer::IndexOptions options,
                             indexer::IndexObserver* observer, std::stop_token stop);

}  // namespace sightline::eval
