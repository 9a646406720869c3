// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/pipeline.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/guard.h"
#include "base/worker_pool.h"
#include "indexer/encode_stage.h"
#include "indexer/input_sources.h"

namespace sightline::indexer {
namespace {

// A batch ends with so many items even if few of them need the encoder, so that the counts move.
constexpr size_t kMaxBatchItems = 512;
// Batches that may wait for the commit while the encoder works on the next one.
constexpr size_t kBatchesAhead = 1;

// Parts of videos that may wait for the encoder; other inputs wait in the ordered queue.
constexpr size_t kPartsAhead = 1;

// Prepared inputs that may wait for the encoder: enough to fill a batch while another is being encoded, whichever
// worker is slow.
size_t OrderedCapacity(const IndexOptions& options) {
  return std::max<size_t>(64, 2 * options.encode_batch) + options.decode_threads;
}

size_t UnitsToEncode(const WorkItem& item) { return item.state == WorkState::kNewContent ? item.units.size() : 0; }

int64_t LengthOfClips(const WorkItem& item) {
  int64_t length_us = 0;
  for (const WorkUnit& unit : item.units) {
    if (const auto& range = unit.stored.record.range) length_us += range->end_us - range->start_us;
  }
  return length_us;
}

}  // namespace

Pipeline::Pipeline(storage::Collection& collection, encoder::Encoder& encoder, const IndexOptions& options, RunLog& log)
    : collection_(collection),
      encoder_(encoder),
      options_(options),
      log_(log),
      preparer_(collection.records(), encoder.info().config.vision.image_res, options),
      planner_(collection, UnixSeconds()),
      admission_(preparer_),
      videos_(collection.records(), encoder.info().config.vision.image_res, options_, admission_,
              stopping_.get_token()),
      ordered_(OrderedCapacity(options)),
      ready_(kPartsAhead),
      encoded_(kBatchesAhead) {}

Status Pipeline::Run(const IndexInputs& inputs, std::stop_token stop) {
  const std::stop_callback forward(stop, [this] { stopping_.request_stop(); });
  Status committed;
  {
    const std::jthread count([&] { CountAhead(inputs); });
    const std::jthread scan([&] { Scan(inputs); });
    const std::jthread videos([&] { videos_.Run(ordered_, ready_); });
    const std::jthread encode([&] { Encode(); });
    committed = CommitAll();
    stopping_.request_stop();  // either nothing is left to do or the run has failed
    encoded_.Abort();
  }
  SL_RETURN_IF_ERROR(committed);
  SL_RETURN_IF_ERROR(failure());
  finished_ = scan_done_ && drained_ && !left_unfinished_;
  log_.Report(finished_ ? scanned_.load() : std::max(counted_ahead_.load(), scanned_.load()), finished_, {});
  return {};
}

// Note [Counting ahead]
// The scan is never far ahead of the commits, because its queue is bounded; by itself it could not say how much is
// left. So a second, cheap scan runs ahead and only counts.
void Pipeline::CountAhead(const IndexInputs& inputs) {
  const std::stop_token stop = stopping_.get_token();
  count_done_ = VisitInputs(inputs, [&](const InputEntry&) {
    ++counted_ahead_;
    return !stop.stop_requested();
  });
}

void Pipeline::Scan(const IndexInputs& inputs) {
  const std::stop_token stop = stopping_.get_token();
  WorkerPool workers(options_.decode_threads, options_.decode_threads);
  scan_done_ = VisitInputs(inputs, [&](InputEntry entry) {
    if (stop.stop_requested()) return false;
    auto prepare = [this, stop, entry = std::move(entry)]() mutable {
      const std::string what = "prepare " + entry.path;
      return Guard(what, [&] { return preparer_.Prepare(std::move(entry), stop); });
    };
    auto task = std::make_shared<std::packaged_task<Result<WorkItem>()>>(std::move(prepare));
    if (!ordered_.Push(task->get_future())) return false;
    ++scanned_;
    workers.Submit([task] { (*task)(); });
    return true;
  });
  ordered_.Close();
}

void Pipeline::Encode() {
  bool wanted = true;
  while (wanted && !stopping_.stop_requested() && !drained_) {
    Batch batch;
    if (Status collected = Collect(batch); !collected) {
      std::lock_guard lock(failure_mutex_);
      failure_ = std::move(collected.error());
      stopping_.request_stop();
    }
    wanted = EncodeAndHandOn(std::move(batch));
  }
  ready_.Abort();
  encoded_.Close();
}

// Fills a batch, in the order of the scan; less than full at the end, on a stop, and on failure.
Status Pipeline::Collect(Batch& batch) {
  size_t to_encode = 0;
  while (to_encode < options_.encode_batch && batch.size() < kMaxBatchItems && !stopping_.stop_requested()) {
    std::optional<Result<WorkItem>> next = ready_.Pop();
    if (!next) {
      drained_ = true;
      return {};
    }
    SL_ASSIGN_OR_RETURN(WorkItem item, *std::move(next));
    if (item.state == WorkState::kSkipped) return {};
    if (!item.video) SL_RETURN_IF_ERROR(admission_.Admit(item));  // a video was admitted before it was read
    to_encode += UnitsToEncode(item);
    batch.push_back(std::move(item));
  }
  return {};
}

// False when nobody waits for batches any more.
bool Pipeline::EncodeAndHandOn(Batch batch) {
  if (batch.empty()) return true;
  EncodedBatch encoded;
  encoded.encoded = EncodeTimed(batch, encoded.seconds);
  encoded.items = std::move(batch);
  return encoded_.Push(std::move(encoded));
}

uint64_t Pipeline::EncodeTimed(std::span<WorkItem> items, double& seconds) {
  const auto start = std::chrono::steady_clock::now();
  const uint64_t encoded = EncodeItems(encoder_, collection_.config().patch_storage, items);
  seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return encoded;
}

Status Pipeline::CommitAll() {
  Report();
  while (auto next = NextBatch()) {
    SL_RETURN_IF_ERROR(CommitBatch(*std::move(next)));
    Report();
  }
  return {};
}

// While no batch comes because a video is looked through, tells how far that is.
std::optional<Pipeline::EncodedBatch> Pipeline::NextBatch() {
  while (!encoded_.WaitFor(std::max(options_.report_every, std::chrono::milliseconds(1)))) {
    if (videos_.scan() || log_.progress().video_scan) Report();
  }
  return encoded_.Pop();
}

Status Pipeline::CommitBatch(EncodedBatch batch) {
  BatchTally tally;
  tally.encoded = batch.encoded;
  tally.times.encode = batch.seconds;
  std::vector<storage::ContentHash> landed;
  const std::lock_guard lock(collection_.change_mutex());
  planner_.Begin(batch.items);
  for (WorkItem& item : batch.items) {
    if (item.is_last()) landed.push_back(item.hash);
    if (HasFailedBefore(item)) continue;
    if (item.state == WorkState::kUnchanged) {
      tally.Count(Resolution::kUnchanged);
      continue;
    }
    if (item.state != WorkState::kFailed) {
      SL_ASSIGN_OR_RETURN(Resolution resolution, PlanAndCount(item, tally));
      if (resolution == Resolution::kNeedsContent) {
        SL_ASSIGN_OR_RETURN(resolution, PlanAnew(item, tally));
      }
      if (item.state != WorkState::kFailed) tally.Count(resolution);
    }
    if (item.state != WorkState::kFailed) continue;
    if (!item.is_last()) broken_videos_.insert(item.hash);
    tally.failed.push_back({item.location.path, std::move(item.reason)});
  }
  SL_RETURN_IF_ERROR(log_.Commit(planner_.Take(), std::move(tally)));
  admission_.Land(landed);
  return {};
}

// Whether a former part of the video failed: the file is counted then, and what follows of it is dropped.
bool Pipeline::HasFailedBefore(const WorkItem& item) {
  if (!item.video) return false;
  const bool failed_before = broken_videos_.contains(item.hash);
  if (item.is_last()) broken_videos_.erase(item.hash);
  return failed_before;
}

// Plans an item, and counts what it brings of a video.
Result<Resolution> Pipeline::PlanAndCount(WorkItem& item, BatchTally& tally) {
  const std::optional<VideoPart> part = item.video;
  const size_t clips = item.units.size();
  const int64_t clips_us = LengthOfClips(item);
  SL_ASSIGN_OR_RETURN(const Resolution resolution, planner_.Plan(item));
  if (item.state == WorkState::kFailed || !part) return resolution;
  tally.clips += clips;
  tally.video_us += clips_us;
  tally.times.plan_videos += part->times.plan_seconds;
  tally.times.decode_videos += part->times.decode_seconds;
  tally.times.scale_videos += part->times.scale_seconds;
  if (part->last && part->windows > part->clips) {
    tally.notes.push_back(
        {item.location.path,
         fmt::format("{} of its {} clips are indexed, spread evenly (--max-clips)", part->clips, part->windows)});
  }
  return resolution;
}

// The content was known when the file was read, and its item is gone since: another file took its place, or the
// encoder failed on it. Reads and encodes the input by itself.
Result<Resolution> Pipeline::PlanAnew(WorkItem& item, BatchTally& tally) {
  item = preparer_.PrepareAnew(std::move(item.input), {});
  if (item.video && item.state == WorkState::kNewContent) return PlanVideoAnew(item, tally);
  tally.encoded += EncodeTimed(std::span(&item, 1), tally.times.encode);
  if (item.state == WorkState::kFailed) return Resolution::kNeedsContent;
  return planner_.Plan(item);
}

// As PlanAnew. Every part but the last is committed by itself, with what the batch has so far.
Result<Resolution> Pipeline::PlanVideoAnew(WorkItem& item, BatchTally& tally) {
  auto parts = videos_.Open(item, {});
  if (!parts) item.FailUnlessCancelled(std::move(parts.error()));
  Resolution resolution = Resolution::kUnfinished;
  while (parts && !(*parts)->done()) {
    item = (*parts)->Next();
    tally.encoded += EncodeTimed(std::span(&item, 1), tally.times.encode);
    if (item.state != WorkState::kNewContent) break;
    SL_ASSIGN_OR_RETURN(resolution, PlanAndCount(item, tally));
    if (!(*parts)->done()) SL_RETURN_IF_ERROR(log_.Commit(planner_.Take(), std::exchange(tally, {})));
  }
  if (item.state == WorkState::kSkipped) left_unfinished_ = true;
  return resolution;
}

void Pipeline::Report() {
  log_.Report(std::max(counted_ahead_.load(), scanned_.load()), count_done_ || scan_done_, videos_.scan());
}

Status Pipeline::failure() {
  std::lock_guard lock(failure_mutex_);
  if (failure_) return tl::unexpected<Error>(*failure_);
  return {};
}

}  // namespace sightline::indexer
