// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

#include "media/image.h"
#include "media/video_reader.h"

namespace sightline::indexer {

/// Whether a file of this name is picked up from a folder or a shard, which hold other files as well.
inline bool HasMediaName(std::string_view file_name) {
  return media::HasImageExtension(file_name) || media::HasVideoExtension(file_name);
}

}  // namespace sightline::indexer
