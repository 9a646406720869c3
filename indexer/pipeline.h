// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <vector>

#include "base/bounded_queue.h"
#include "encoder/encoder.h"
#include "indexer/admission.h"
#include "indexer/commit_planner.h"
#include "indexer/indexer.h"
#include "indexer/preparer.h"
#include "indexer/run_log.h"
#include "indexer/video_stage.h"
#include "indexer/work_item.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// One run of the ingest pipeline:
///
///   scan thread --(worker queue)--> workers: look, hash, decode --(ordered queue)--> video thread: videos to parts
///     --(ready queue)--> encode thread: batch, encode --(batch queue)--> calling thread: plan, commit, count
///
/// Every queue is bounded, so a slow stage slows those before it. Items reach the encoder in the order of the scan,
/// whichever worker is done first, so the same input gives the same commits. One video is read at a time, by as many
/// decoder threads as there are workers: while it is, little more than its next part is in memory. Use one object per
/// run.
class Pipeline {
 public:
  /// All must outlive the pipeline.
  Pipeline(storage::Collection& collection, encoder::Encoder& encoder, const IndexOptions& options, RunLog& log);

  /// Runs until all inputs are done, `stop` is requested or the collection fails. Blocking.
  /// Errors: those of the collection; everything counted in the log before is durable.
  Status Run(const IndexInputs& inputs, std::stop_token stop);

  /// Whether Run came to the end of the inputs; false after a stop.
  bool finished() const { return finished_; }

 private:
  using Batch = std::vector<WorkItem>;
  struct EncodedBatch {
    Batch items;
    uint64_t encoded = 0;  ///< Units.
    double seconds = 0;    ///< Of the encoder.
  };

  void CountAhead(const IndexInputs& inputs);
  void Scan(const IndexInputs& inputs);
  void Encode();
  Status Collect(Batch& batch);
  bool EncodeAndHandOn(Batch batch);
  Status CommitAll();
  std::optional<EncodedBatch> NextBatch();
  Status CommitBatch(EncodedBatch batch);
  bool HasFailedBefore(const WorkItem& item);
  Result<Resolution> PlanAndCount(WorkItem& item, BatchTally& tally);
  Result<Resolution> PlanAnew(WorkItem& item, BatchTally& tally);
  Result<Resolution> PlanVideoAnew(WorkItem& item, BatchTally& tally);
  uint64_t EncodeTimed(std::span<WorkItem> items, double& seconds);
  void Report();
  Status failure();

  storage::Collection& collection_;
  encoder::Encoder& encoder_;
  const IndexOptions options_;
  RunLog& log_;
  Preparer preparer_;
  CommitPlanner planner_;
  std::stop_source stopping_;  ///< A stop was requested, or the run has failed.
  Admission admission_;
  VideoStage videos_;

  BoundedQueue<VideoStage::Pending> ordered_;
  BoundedQueue<Result<WorkItem>> ready_;
  BoundedQueue<EncodedBatch> encoded_;
  std::mutex failure_mutex_;
  std::optional<Error> failure_;  ///< Of the encode thread's look-ups.

  std::atomic<uint64_t> counted_ahead_{0};
  std::atomic<bool> count_done_{false};
  std::atomic<uint64_t> scanned_{0};
  std::atomic<bool> scan_done_{false};
  std::atomic<bool> drained_{false};
  std::set<storage::ContentHash> broken_videos_;  ///< One of whose parts failed while others follow.
  bool left_unfinished_ = false;                  ///< The calling thread stopped in the middle of a video.
  bool finished_ = false;
};

}  // namespace sightline::indexer
