// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "indexer/indexer.h"
#include "indexer/work_item.h"
#include "media/clip_sampler.h"
#include "media/scene_cuts.h"
#include "media/video_reader.h"
#include "storage/record_store.h"

namespace sightline::indexer {

/// How a video is looked through for scene cuts.
struct SceneScan {
  int64_t end_us = INT64_MAX;                           ///< For forecasts: no cut is looked for after it.
  std::function<void(const VideoScan&)> on_progress{};  ///< Called for each frame that is looked at.
};

/// Reads one video: plans its clips and hands out what the encoder reads of them, some clips at a time, so that a long
/// video takes no more memory than a short one (Note [Videos in parts]). Confined to one thread.
class VideoParts {
 public:
  /// Opens the video of `item`, which is kNewContent without units, and plans its clips. Blocking I/O and decoding.
  /// @param image_res  pixels per side of the model input.
  /// Errors, all of them the file's: those of media::VideoReader; kCancelled after a stop request.
  static Result<std::unique_ptr<VideoParts>> Open(const WorkItem& item, int image_res, const IndexOptions& options,
                                                  std::stop_token stop, const SceneScan& scan = {});

  /// Leaves out the clips that the collection has already, if an item with this content was begun with the same plan.
  /// Errors: those of the record store.
  Status SkipStored(const storage::RecordStore& records);

  /// The next part, kNewContent with the units of its clips, kFailed, or, after a stop request, kSkipped: then it is
  /// the last. Call it while `!done()`.
  WorkItem Next();
  bool done() const { return done_; }

  /// Of a video that was looked through up to `scanned_us`: how many clips it would have if the rest had as many in the
  /// same time. Exact for one that ends before.
  double ExpectedClips(int64_t scanned_us) const;

  int64_t duration_us() const { return reader_->info().duration_us; }

 private:
  VideoParts(const WorkItem& item, int image_res, const IndexOptions& options)
      : item_(item), image_res_(image_res), options_(options) {}

  Status Plan(const SceneScan& scan);
  Status ScanAll(const SceneScan& scan, media::SceneCutFinder& cuts);
  Status ScanKeyFrames(const SceneScan& scan, media::SceneCutFinder& cuts);
  void TellOfScan(const SceneScan& scan, int64_t time_us) const;
  void Describe();
  Result<WorkItem> ReadPart();
  Result<std::vector<ClipFrame>> ReadFrames(const std::vector<int64_t>& times_us, VideoTimes& times);
  bool HasBegun(const storage::ItemRecord& stored, const std::vector<std::optional<storage::UnitRecord>>& units) const;

  WorkItem item_;  ///< What all parts have in common.
  const int image_res_;
  const IndexOptions options_;
  std::unique_ptr<media::VideoReader> reader_;
  media::ClipPlan plan_;
  VideoTimes opening_;  ///< Not yet accounted to a part.
  size_t next_clip_ = 0;
  bool done_ = false;
};

}  // namespace sightline::indexer
