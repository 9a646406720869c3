// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index_worker.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/guard.h"
#include "base/log.h"
#include "storage/row_sources.h"
#include "storage/segment_files.h"

// Not from <omp.h>, as in app/thread_budget.cc: GCC's cannot be read by Clang.
extern "C" void omp_set_num_threads(int threads);

namespace sightline::storage {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kRetryAfter{60};
constexpr milliseconds kPoll{20};

/// The calling thread gets a core when nobody else wants it, and starts no threads of its own.
void StepBack() {
  constexpr int kLowest = 19;
  // For Linux a priority belongs to a thread. Refused in some containers; the pauses remain.
  static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kLowest));
  ::omp_set_num_threads(1);
}

ManifestSegment Listed(const SegmentSlot& slot) {
  return {.number = slot.number,
          .kind = slot.segment->kind(),
          .rows = slot.segment->rows(),
          .units = slot.segment->units(),
          .file_bytes = slot.file_bytes,
          .file_checksum = slot.file_checksum,
          .dead = slot.dead};
}

bool IsAmong(const std::vector<uint64_t>& numbers, uint64_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

}  // namespace

IndexWorker::IndexWorker(std::filesystem::path collection, RocksDbRecordStore& store, SegmentedIndex& index,
                         std::mutex& commits)
    : collection_(std::move(collection)), store_(store), index_(index), commits_(commits) {}

void IndexWorker::Start(const RecoveredIndex& recovered) {
  {
    const std::lock_guard lock(mutex_);
    manifest_ = recovered.manifest;
    unusable_ = recovered.unusable;
    damage_ = recovered.damage;
    changes_ = recovered.changes;
    seal_wanted_ = !unusable_.empty() || !damage_.empty();
    failure_.reset();
    retry_at_ = {};
  }
  Resume();
}

void IndexWorker::Resume() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void IndexWorker::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::optional<IndexTask> IndexWorker::DueTask() const {
  if (seal_wanted_) return IndexTask{.seal = true, .numbers = {}};
  return NextTask(*index_.state(), changes_);
}

void IndexWorker::Notice(size_t units) {
  const std::lock_guard lock(mutex_);
  changes_ += units;
  if (!is_running_ && DueTask()) wake_.notify_one();
}

Status IndexWorker::SealNow(const Limits& limits) {
  {
    const std::lock_guard lock(mutex_);
    const auto state = index_.state();
    seal_wanted_ = seal_wanted_ || (MaySeal(*state) && state->fresh->live_rows > 0);
    failure_.reset();
    retry_at_ = {};
    wake_.notify_one();
  }
  SL_RETURN_IF_ERROR(limits.Check("wait for the index"));  // However soon it is done.
  return Wait(limits);
}

Status IndexWorker::Wait(const Limits& limits) {
  std::unique_lock lock(mutex_);
  while (!failure_ && (is_running_ || DueTask())) {
    SL_RETURN_IF_ERROR(limits.Check("wait for the index"));
    idle_.wait_for(lock, kPoll);
  }
  if (failure_) return tl::unexpected(*failure_);
  return {};
}

IndexWorker::Progress IndexWorker::progress() const {
  const std::lock_guard lock(mutex_);
  return {activity_, failure_, damage_};
}

void IndexWorker::Run(const std::stop_token& stop) {
  StepBack();
  stop_ = stop;
  std::unique_lock lock(mutex_);
  while (true) {
    const auto has_work = [this] { return Clock::now() >= retry_at_ && DueTask(); };
    const auto until = Clock::now() < retry_at_ ? retry_at_ : Clock::now() + std::chrono::hours(1);
    wake_.wait_until(lock, stop, until, has_work);
    if (stop.stop_requested()) return;
    if (Clock::now() < retry_at_) continue;
    const auto task = DueTask();
    if (!task) continue;
    // What an earlier attempt set aside is sealed first, and by itself.
    if (task->seal && index_.state()->frozen == nullptr) seal_wanted_ = false;
    activity_ = task->seal ? "sealing" : "merging";
    is_running_ = true;
    lock.unlock();
    const Status done = Guard("work on the index", [&] { return Do(*task); });
    lock.lock();
    is_running_ = false;
    activity_ = "idle";
    idle_.notify_all();
    if (done) failure_.reset();
    if (done || stop.stop_requested()) continue;
    Log(LogLevel::kWarning, "cannot work on the index of " + collection_.string() + ": " + done.error().message);
    failure_ = done.error();
    retry_at_ = Clock::now() + kRetryAfter;
  }
}

Status IndexWorker::Do(const IndexTask& task) { return task.seal ? Seal() : Merge(task.numbers); }

Status IndexWorker::Seal() {
  std::shared_ptr<const IndexState> seen;
  {
    const std::lock_guard lock(commits_);
    store_.LogChanges();
    seen = index_.Begin(true);
    const std::lock_guard counted(mutex_);
    changes_ = 0;
  }
  SegmentedIndex::Replacement replacement{.numbers = {}, .frozen = true, .made = nullptr};
  if (seen->frozen->live_rows > 0) {
    SL_ASSIGN_OR_RETURN(replacement.made, Build(TableSource(seen->frozen)));
  }
  SL_RETURN_IF_ERROR(Publish(std::move(replacement), seen->frozen_at));
  unusable_.clear();
  const std::lock_guard lock(mutex_);
  damage_.clear();
  return {};
}

Status IndexWorker::Merge(const std::vector<uint64_t>& numbers) {
  const auto seen = index_.Begin(false);
  SegmentSlots inputs;
  for (const auto& slot : seen->slots) {
    if (IsAmong(numbers, slot->number)) inputs.push_back(slot);
  }
  const MergeSource source(inputs);
  SegmentedIndex::Replacement replacement{.numbers = numbers, .frozen = false, .made = nullptr};
  if (source.rows() > 0) {
    SL_ASSIGN_OR_RETURN(replacement.made, Build(source));
  }
  return Publish(std::move(replacement), manifest_.covered);
}

Result<std::shared_ptr<const SegmentSlot>> IndexWorker::Build(const RowSource& source) {
  const uint64_t number = manifest_.next_number;
  SL_ASSIGN_OR_RETURN(const std::vector<float> queries, store_.ReadTrainingQueries());
  SegmentBuildTimes times;
  const SegmentPlan plan{.options = OptionsForSegment(index_.state()->options, source.rows()),
                         .seed = number,
                         .training_queries = queries,
                         .pause = [this] { return Pause(); },
                         .times = &times};
  resumed_at_ = Clock::now();
  SL_ASSIGN_OR_RETURN(auto segment, SealedSegment::Build(source, plan));
  Log(LogLevel::kInfo,
      fmt::format("segment {} ({}): {} rows, {:.1f} s for them, {:.1f} s of training, {:.1f} s to add", number,
                  NameOf(plan.options.kind), source.rows(), times.rows_s, times.train_s, times.add_s));
  return PutSegment(collection_, number, std::move(segment), plan.pause);
}

Status IndexWorker::Publish(SegmentedIndex::Replacement replacement, Epoch covered) {
  const std::lock_guard files(files_mutex_);
  // What died after the state that the manifest is made from is in the change log: it comes after `covered`.
  Manifest next{.covered = covered, .next_number = manifest_.next_number, .segments = {}};
  const auto state = index_.state();
  for (const auto& slot : state->slots) {
    if (!IsAmong(replacement.numbers, slot->number)) next.segments.push_back(Listed(*slot));
  }
  if (replacement.made != nullptr) {
    next.segments.push_back(Listed(*replacement.made));
    ++next.next_number;
  }
  // As long as their units were not sealed again, the next opening must learn that they are missing.
  if (!replacement.frozen) {
    std::copy_if(manifest_.segments.begin(), manifest_.segments.end(), std::back_inserter(next.segments),
                 [this](const ManifestSegment& listed) { return IsAmong(unusable_, listed.number); });
  }
  std::sort(next.segments.begin(), next.segments.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  SL_RETURN_IF_ERROR(store_.WriteManifest(next));
  index_.Replace(replacement);
  manifest_ = std::move(next);
  std::vector<uint64_t> keep;
  for (const ManifestSegment& listed : manifest_.segments) keep.push_back(listed.number);
  RemoveOtherSegments(collection_, keep);
  return {};
}

Status IndexWorker::Pause() {
  // Note [Out of the way]
  // Work goes on in blocks of some milliseconds. Between two of them the worker waits until no search runs, but not
  // longer than four times the block, and not longer than 50 ms: searches that never end must not stop it for good.
  constexpr milliseconds kLongest{50};
  constexpr std::chrono::microseconds kStep{200};
  const auto block_end = Clock::now();
  const auto latest = block_end + std::min<Clock::duration>(4 * (block_end - resumed_at_), kLongest);
  while (!stop_.stop_requested() && index_.gate()->busy() && Clock::now() < latest) std::this_thread::sleep_for(kStep);
  if (stop_.stop_requested()) return Fail(ErrorCode::kCancelled, "the collection is being closed");
  resumed_at_ = Clock::now();
  return {};
}

}  // namespace sightline::storage
