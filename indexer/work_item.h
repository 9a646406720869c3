// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/metadata.h"
#include "base/result.h"
#include "base/types.h"
#include "indexer/input_entry.h"
#include "storage/records.h"

namespace sightline::indexer {

/// What is known about one input on its way through the pipeline.
enum class WorkState {
  kUnchanged,     ///< Known under this path with this size and time: nothing was read.
  kKnownContent,  ///< The content is stored, or on its way to be; the path or what is said about it may be new.
  kNewContent,    ///< Read and prepared for the encoder; later encoded.
  kFailed,        ///< `reason` says why.
  kSkipped,       ///< A stop was requested before it was looked at.
};

/// One frame of a clip: model pixels, image_res x image_res. Clips that share a frame share its pixels, which are
/// encoded once.
struct ClipFrame {
  int64_t time_us = 0;
  std::shared_ptr<const ImageRgb8> model_pixels;
};

/// The frames of one clip, in order of time, at least one.
struct ClipInput {
  std::vector<ClipFrame> frames;
  bool store_frame_vectors = true;  ///< Whether each frame's own embedding becomes a vector of the unit.
};

/// What the encoder reads of a unit: nothing any more (encoded), a picture's model pixels (image_res x image_res), a
/// clip, or a caption's words.
using ModelInput = std::variant<std::monostate, ImageRgb8, ClipInput, std::string>;

/// Where the time of reading a video went, in seconds.
struct VideoTimes {
  double plan_seconds = 0;    ///< Opening it and looking for scene cuts.
  double decode_seconds = 0;  ///< Decoding the clips' frames, to RGB.
  double scale_seconds = 0;   ///< Making model pixels of them.
};

/// Which clips of a video a work item brings; a long video comes as several items (Note [Videos in parts]).
struct VideoPart {
  size_t first_clip = 0;
  size_t clips = 0;    ///< Of the whole video, when it is complete; 0 while nobody has opened it.
  size_t windows = 0;  ///< As media::ClipPlan's.
  bool last = true;    ///< No other part of the video follows.
  VideoTimes times;
};

/// One unit of an item: what the encoder reads, then what is stored.
struct WorkUnit {
  ModelInput input;
  storage::NewUnit stored;  ///< Type and thumbnail from the start, vectors and tokens once encoded, ids at the commit.
};

/// One input, or part of a video, from the scan to the commit. A stage adds to it and hands it on; a picture or caption
/// has one unit.
struct WorkItem {
  InputEntry input;
  storage::ItemPath location;  ///< Size and time as they were before the content was read.
  WorkState state = WorkState::kSkipped;
  std::string reason;           ///< kFailed only.
  storage::ContentHash hash{};  ///< kKnownContent and kNewContent.
  int width = 0;                ///< kNewContent: pixels as shown; 0 for captions.
  int height = 0;
  Metadata content_metadata;       ///< kNewContent: what the content itself says (Note [Whose metadata]).
  std::vector<WorkUnit> units;     ///< kNewContent.
  std::optional<VideoPart> video;  ///< Videos only.

  WorkItem() = default;
  explicit WorkItem(InputEntry entry) : input(std::move(entry)) { location.path = input.path; }

  /// Whether no other part of the same input follows.
  bool is_last() const { return !video || video->last; }

  /// Makes the item kFailed. A path at the start of `why` is left out: the error list has it already.
  void Fail(std::string why) {
    state = WorkState::kFailed;
    reason = std::move(why);
    if (const std::string prefix = location.path + ": "; reason.starts_with(prefix)) reason.erase(0, prefix.size());
    units.clear();
  }

  /// As Fail; but what a stop request ended becomes kSkipped.
  void FailUnlessCancelled(Error error) {
    if (error.code == ErrorCode::kCancelled) {
      state = WorkState::kSkipped;
    } else {
      Fail(std::move(error.message));
    }
  }
};

}  // namespace sightline::indexer
