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

/// An evaluation set as it is in a collection.
struct Gallery {
  std::vector<std::optional<ItemId>> images;    ///< Per picture or video of the set; absent where it is missing.
  std::vector<std::optional<ItemId>> captions;  ///< Per caption; absent where it is not there as a text unit.
  std::vector<std::string> missing;             ///< Pictures, videos and captions that could not be indexed, and why.
  std::vector<std::string> duplicates;          ///< Pictures and videos with the content of an earlier one.
};

struct GalleryOptions {
  std::filesystem::path image_folder;  ///< Where the set's paths start.
  /// Written anew: the set's captions as the indexer reads them. The same name for the same collection, or every
  /// caption gets a second path. Empty: captions are not indexed.
  std::filesystem::path captions_file = {};
  int frames = 3;                    ///< Of a video.
  indexer::IndexOptions index = {};  ///< EXIF and clip options are overwritten.
};

/// Indexes the set into `collection` as `sightline index` does, with what the reference's protocol has: no EXIF
/// orientation (x2vlm-spec section 8.1), a video as one clip of `frames` frames over its whole length without vectors
/// of its frames (section 7), every caption a text unit. What is already there is not encoded again; what is there of a
/// file that has become unreadable is removed, and the file is missing. However many units there are, none is sealed:
/// the collection is searched exactly. `observer` may be null. Errors: the indexer's; kInvalidArgument (the model takes
/// another number of frames), kFailedPrecondition (the collection holds something that is not of this set), kCancelled
/// (stopped before the end).
Result<Gallery> IndexGallery(const RetrievalSet& set, storage::Collection& collection, encoder::Encoder& encoder,
                             const GalleryOptions& options, indexer::IndexObserver* observer, std::stop_token stop);

}  // namespace sightline::eval
