// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/bounded_queue.h"
#include "base/result.h"
#include "indexer/admission.h"
#include "indexer/indexer.h"
#include "indexer/video_parts.h"
#include "indexer/work_item.h"
#include "storage/record_store.h"

namespace sightline::indexer {

/// The stage of the pipeline that reads videos, one after the other, and hands them on in parts; other inputs go
/// through in their places.
class VideoStage {
 public:
  using Pending = std::future<Result<WorkItem>>;

  /// `records` and `admission` must outlive the stage. A request on `stop` ends the video in hand.
  VideoStage(const storage::RecordStore& records, int image_res, const IndexOptions& options, Admission& admission,
             std::stop_token stop)
      : records_(records), image_res_(image_res), options_(options), admission_(admission), stop_(std::move(stop)) {}

  /// Takes from `ordered` until it has ended or `ready` takes no more, and ends both.
  void Run(BoundedQueue<Pending>& ordered, BoundedQueue<Result<WorkItem>>& ready);

  /// As VideoParts::Open; no exception leaves it.
  Result<std::unique_ptr<VideoParts>> Open(const WorkItem& item, const SceneScan& scan) const;

  /// The video that is being looked through now. From any thread.
  std::optional<VideoScan> scan() const;

 private:
  bool ReadVideo(WorkItem item, BoundedQueue<Result<WorkItem>>& ready);
  void Show(std::optional<VideoScan> scan);

  const storage::RecordStore& records_;
  const int image_res_;
  const IndexOptions& options_;
  Admission& admission_;
  const std::stop_token stop_;

  mutable std::mutex mutex_;
  std::optional<VideoScan> scan_;
};

}  // namespace sightline::indexer
