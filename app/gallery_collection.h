// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "encoder/encoder.h"
#include "storage/collection.h"

namespace sightline::app {

/// What decides the embeddings of an evaluation set beside the model and the files.
struct GalleryMaking {
  std::string precision;
  storage::PatchStorage patches = storage::PatchStorage::kInt8;
  std::optional<int> frames = std::nullopt;  ///< Of a video; absent: the set has none.
};

struct GalleryCollection {
  std::unique_ptr<storage::Collection> collection;
  std::string made_by;  ///< The build that made it (BuildVersion); empty: not known.
};

/// Opens the collection of an evaluation set below `folder`, which a run before may have left there, or makes it.
/// Beside it, in the file `made-with`, stands how it was made, because files that are there unchanged are not encoded
/// again: embeddings of another precision would be shown as those of this one. Errors: kInvalidArgument (it was made by
/// another model or in another way), those of opening and making collections and of writing.
Result<GalleryCollection> OpenGalleryCollection(const std::filesystem::path& folder, const GalleryMaking& making,
                                                const encoder::EncoderInfo& info);

}  // namespace sightline::app
