// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::eval {

/// One way in which a dataset's downloads lie in a folder.
struct DataLayout {
  std::string annotation;               ///< The file with the captions, relative to the folder.
  std::vector<std::string> media = {};  ///< Where its paths start, the usual place first; "": the folder itself.
};

/// What is known of a dataset whose pictures or videos everybody gets for themselves.
struct Dataset {
  std::string_view name;  ///< "coco".
  std::vector<DataLayout> layouts;
  std::string_view annotation_source;  ///< Where to get them, in words.
  std::string_view media_source;
};

/// The datasets with a usual layout: coco, flickr30k, flickr8k, msrvtt.
const std::vector<Dataset>& Datasets();

/// What a data folder has of a dataset.
struct FoundLayout {
  std::string annotation;       ///< Relative to the folder.
  std::string media;            ///< As above; "": the folder itself.
  bool has_annotation = false;  ///< Else it is where the file belongs.
  bool has_media = false;       ///< The folder is there; else it is where the media belong.
};

/// Looks for the first annotation file of the dataset that is there, and for the first of its media folders that is.
/// Errors: kNotFound (no such folder).
Result<FoundLayout> FindLayout(const Dataset& dataset, const std::filesystem::path& folder);

/// Of `paths` below `folder`, those that are no regular file, or an empty one, in order.
std::vector<std::string> MissingFiles(const std::filesystem::path& folder, const std::vector<std::string>& paths);

}  // namespace sightline::eval
