// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/video_stage.h"

#include <utility>

#include "base/guard.h"

namespace sightline::indexer {

void VideoStage::Run(BoundedQueue<Pending>& ordered, BoundedQueue<Result<WorkItem>>& ready) {
  while (auto pending = ordered.Pop()) {
    Result<WorkItem> item = pending->get();
    const bool is_video = item && item->video && item->state == WorkState::kNewContent;
    if (!(is_video ? ReadVideo(*std::move(item), ready) : ready.Push(std::move(item)))) break;
  }
  ordered.Abort();
  ready.Close();
}

// Hands on the parts of a video; false when nobody waits for them any more.
bool VideoStage::ReadVideo(WorkItem item, BoundedQueue<Result<WorkItem>>& ready) {
  if (Status admitted = admission_.Admit(item); !admitted) {
    return ready.Push(tl::unexpected<Error>(std::move(admitted).error()));
  }
  if (item.state != WorkState::kNewContent) return ready.Push(std::move(item));
  auto parts = Open(item, {.on_progress = [this](const VideoScan& scan) { Show(scan); }});
  Show(std::nullopt);
  if (!parts) {
    item.FailUnlessCancelled(std::move(parts.error()));
    return ready.Push(std::move(item));
  }
  if (Status skipped = (*parts)->SkipStored(records_); !skipped) {
    return ready.Push(tl::unexpected<Error>(std::move(skipped).error()));
  }
  while (!(*parts)->done()) {
    if (!ready.Push((*parts)->Next())) return false;
  }
  return true;
}

Result<std::unique_ptr<VideoParts>> VideoStage::Open(const WorkItem& item, const SceneScan& scan) const {
  return Guard("read " + item.location.path, [&] { return VideoParts::Open(item, image_res_, options_, stop_, scan); });
}

std::optional<VideoScan> VideoStage::scan() const {
  std::lock_guard lock(mutex_);
  return scan_;
}

void VideoStage::Show(std::optional<VideoScan> scan) {
  std::lock_guard lock(mutex_);
  scan_ = std::move(scan);
}

}  // namespace sightline::indexer
