// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "base/types.h"
#include "storage/records.h"

namespace sightline::indexer {

/// What is known about one input on its way through the pipeline.
enum class WorkState {
  kUnchanged,     ///< Known under this path with this size and time: nothing was read.
  kKnownContent,  ///< The content is stored, or on its way to be; the path may be new.
  kNewContent,    ///< Read and prepared for the encoder; later encoded.
  kFailed,        ///< `reason` says why.
  kSkipped,       ///< A stop was requested before it was looked at.
};

/// One unit of an item: what the encoder reads, then what is stored.
struct WorkUnit {
  ImageRgb8 model_pixels;   ///< image_res x image_res; empty once encoded.
  storage::NewUnit stored;  ///< Type and thumbnail from the start, vectors and tokens once encoded, ids at the commit.
};

/// One input from the scan to the commit. A stage adds to it and hands it on; a picture has one unit.
struct WorkItem {
  storage::ItemPath location;  ///< Size and time as they were before the content was read.
  WorkState state = WorkState::kSkipped;
  std::string reason;           ///< kFailed only.
  storage::ContentHash hash{};  ///< kKnownContent and kNewContent.
  int width = 0;                ///< kNewContent: pixels as shown.
  int height = 0;
  std::vector<WorkUnit> units;  ///< kNewContent.

  /// Makes the item kFailed. A path at the start of `why` is left out: the error list has it already.
  void Fail(std::string why) {
    state = WorkState::kFailed;
    reason = std::move(why);
    if (const std::string prefix = location.path + ": "; reason.starts_with(prefix)) reason.erase(0, prefix.size());
    units.clear();
  }
};

}  // namespace sightline::indexer
