// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/pipeline.h"

#include <algorithm>
#include <thread>
#include <utility>

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

// Prepared inputs that may wait for the encoder: enough to fill a batch while another is being encoded, whichever
// worker is slow.
size_t OrderedCapacity(const IndexOptions& options) {
  return std::max<size_t>(64, 2 * options.encode_batch) + options.decode_threads;
}

size_t UnitsToEncode(const WorkItem& item) { return item.state == WorkState::kNewContent ? item.units.size() : 0; }

}  // namespace

bool Pipeline::InFlight::Insert(const storage::ContentHash& hash) {
  std::lock_guard lock(mutex_);
  return hashes_.insert(hash).second;
}

void Pipeline::InFlight::Erase(const Batch& batch) {
  std::lock_guard lock(mutex_);
  for (const WorkItem& item : batch) hashes_.erase(item.hash);
}

Pipeline::Pipeline(storage::Collection& collection, encoder::Encoder& encoder, const IndexOptions& options, RunLog& log)
    : collection_(collection),
      encoder_(encoder),
      options_(options),
      log_(log),
      preparer_(collection.records(), encoder.info().config.vision.image_res, options),
      planner_(collection, UnixSeconds()),
      ordered_(OrderedCapacity(options)),
      encoded_(kBatchesAhead) {}

Status Pipeline::Run(const IndexInputs& inputs, std::stop_token stop) {
  const std::stop_callback forward(stop, [this] { stopping_.request_stop(); });
  Status committed;
  {
    const std::jthread count([&] { CountAhead(inputs); });
    const std::jthread scan([&] { Scan(inputs); });
    const std::jthread encode([&] { Encode(); });
    committed = CommitAll();
    stopping_.request_stop();  // either nothing is left to do or the run has failed
    encoded_.Abort();
  }
  SL_RETURN_IF_ERROR(committed);
  SL_RETURN_IF_ERROR(failure());
  finished_ = scan_done_ && drained_;
  log_.Report(finished_ ? scanned_.load() : std::max(counted_ahead_.load(), scanned_.load()), finished_);
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
  ordered_.Abort();
  encoded_.Close();
}

// Fills a batch, in the order of the scan; less than full at the end, on a stop, and on failure.
Status Pipeline::Collect(Batch& batch) {
  size_t to_encode = 0;
  while (to_encode < options_.encode_batch && batch.size() < kMaxBatchItems && !stopping_.stop_requested()) {
    std::optional<Pending> pending = ordered_.Pop();
    if (!pending) {
      drained_ = true;
      return {};
    }
    SL_ASSIGN_OR_RETURN(WorkItem item, pending->get());
    if (item.state == WorkState::kSkipped) return {};
    SL_RETURN_IF_ERROR(Admit(item));
    to_encode += UnitsToEncode(item);
    batch.push_back(std::move(item));
  }
  return {};
}

// Content that came up since the worker looked need not be encoded. First what is on its way, then what is stored: what
// leaves the first is in the second by then.
Status Pipeline::Admit(WorkItem& item) {
  if (item.state != WorkState::kNewContent) return {};
  bool known = !in_flight_.Insert(item.hash);
  if (!known) {
    SL_ASSIGN_OR_RETURN(const std::optional<ItemId> stored, collection_.records().FindItem(item.hash));
    known = stored.has_value();
  }
  if (known) {
    item.state = WorkState::kKnownContent;
    item.units.clear();
  }
  return {};
}

// False when nobody waits for batches any more.
bool Pipeline::EncodeAndHandOn(Batch batch) {
  if (batch.empty()) return true;
  const uint64_t encoded = EncodeItems(encoder_, collection_.config().patch_storage, batch);
  return encoded_.Push({std::move(batch), encoded});
}

Status Pipeline::CommitAll() {
  Report();
  while (auto next = encoded_.Pop()) {
    auto& [batch, encoded] = *next;
    SL_RETURN_IF_ERROR(CommitBatch(std::move(batch), encoded));
    Report();
  }
  return {};
}

Status Pipeline::CommitBatch(Batch batch, uint64_t encoded) {
  BatchTally tally;
  tally.encoded = encoded;
  planner_.Begin(batch);
  for (WorkItem& item : batch) {
    if (item.state == WorkState::kUnchanged) {
      tally.Count(Resolution::kUnchanged);
      continue;
    }
    if (item.state != WorkState::kFailed) {
      SL_ASSIGN_OR_RETURN(Resolution resolution, planner_.Plan(item));
      if (resolution == Resolution::kNeedsContent) {
        SL_ASSIGN_OR_RETURN(resolution, PlanAnew(item, tally.encoded));
      }
      if (item.state != WorkState::kFailed) tally.Count(resolution);
    }
    if (item.state == WorkState::kFailed) tally.failed.push_back({item.location.path, std::move(item.reason)});
  }
  SL_RETURN_IF_ERROR(log_.Commit(planner_.Take(), std::move(tally)));
  in_flight_.Erase(batch);
  return {};
}

// The content was known when the file was read, and its item is gone since: another file took its place, or the
// encoder failed on it. Reads and encodes the input by itself.
Result<Resolution> Pipeline::PlanAnew(WorkItem& item, uint64_t& encoded) {
  item = preparer_.PrepareAnew(std::move(item.input), {});
  encoded += EncodeItems(encoder_, collection_.config().patch_storage, std::span(&item, 1));
  if (item.state == WorkState::kFailed) return Resolution::kNeedsContent;
  return planner_.Plan(item);
}

void Pipeline::Report() { log_.Report(std::max(counted_ahead_.load(), scanned_.load()), count_done_ || scan_done_); }

Status Pipeline::failure() {
  std::lock_guard lock(failure_mutex_);
  if (failure_) return tl::unexpected<Error>(*failure_);
  return {};
}

}  // namespace sightline::indexer
