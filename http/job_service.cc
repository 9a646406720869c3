// SPDX-License-Identifier: BSD-3-Clause
#include "http/job_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "indexer/job_inputs.h"
#include "indexer/run_log.h"

namespace sightline::http {
namespace {

using storage::JobRecord;
using storage::JobState;

// How often a job looks whether the command that is indexing in its collection has ended.
constexpr std::chrono::milliseconds kLookAgain{250};
constexpr size_t kEndedKept = 64;

// Whether somebody runs a job in the collection at this moment.
bool IsBusy(storage::Collection& collection) {
  const std::unique_lock probe(collection.job_mutex(), std::try_to_lock);
  return !probe;
}

}  // namespace

std::string_view NameOf(JobPhase phase) {
  switch (phase) {
    case JobPhase::kQueued:
      return "queued";
    case JobPhase::kRunning:
      return "running";
    case JobPhase::kStopping:
      return "stopping";
    case JobPhase::kStopped:
      return "stopped";
    case JobPhase::kFinished:
      return "finished";
    case JobPhase::kFailed:
      return "failed";
    case JobPhase::kInterrupted:
      return "interrupted";
  }
  CheckFailed("NameOf: not a JobPhase", __FILE__, __LINE__);
}

// One job, from its submission to its end. Thread-safe.
class JobService::Job : public indexer::IndexObserver {
 public:
  Job(std::shared_ptr<HostedCollection> collection, JobId job, indexer::IndexInputs inputs,
      const indexer::IndexOptions& options)
      : id(job),
        name(collection->name),
        collection_(std::move(collection)),
        inputs_(std::move(inputs)),
        options_(options) {
    options_.job = job;
  }

  // Runs it to its end, its stop or its failure.
  void Run() {
    auto report = RunOnce();
    while (!report && report.error().code == ErrorCode::kUnavailable && IsBusy(*collection_->collection)) {
      if (!WaitToLookAgain()) break;
      report = RunOnce();
    }
    collection_.reset();  // What remembers the job must not keep the collection open.
    std::lock_guard lock(mutex_);
    if (!report && !stop_.stop_requested()) failure_ = std::move(report.error().message);
  }

  void Stop() {
    stop_.request_stop();
    wake_.notify_all();
  }
  bool stop_requested() const { return stop_.stop_requested(); }

  std::optional<indexer::IndexProgress> progress() const {
    std::lock_guard lock(mutex_);
    return progress_;
  }
  std::string failure() const {
    std::lock_guard lock(mutex_);
    return failure_;
  }

  void OnProgress(const indexer::IndexProgress& progress) override {
    std::lock_guard lock(mutex_);
    progress_ = progress;
  }
  void OnFileError(const storage::JobError&) override {}
  void OnNote(const indexer::IndexNote&) override {}

  const JobId id;
  const std::string name;

 private:
  Result<indexer::IndexReport> RunOnce() {
    indexer::Indexer indexer(*collection_->collection, *collection_->job_encoder, options_);
    return indexer.Run(inputs_, this, stop_.get_token());
  }

  // False when it was stopped meanwhile.
  bool WaitToLookAgain() {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kLookAgain, [this] { return stop_.stop_requested(); });
    return !stop_.stop_requested();
  }

  std::shared_ptr<HostedCollection> collection_;
  const indexer::IndexInputs inputs_;
  indexer::IndexOptions options_;
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<indexer::IndexProgress> progress_;
  std::string failure_;
};

JobService::JobService(const Options& options)
    : options_(options), runner_([this](const std::stop_token& stop) { Run(stop); }) {}

JobService::~JobService() { RequestStop(); }

void JobService::RequestStop() {
  runner_.request_stop();
  std::lock_guard lock(mutex_);
  if (running_) running_->Stop();
}

void JobService::Forget(std::string_view collection) {
  std::lock_guard lock(mutex_);
  std::erase_if(ended_, [collection](const std::shared_ptr<Job>& job) { return job->name == collection; });
}

Result<JobView> JobService::Submit(std::shared_ptr<HostedCollection> collection, indexer::IndexInputs inputs,
                                   const indexer::IndexOptions& options) {
  if (collection->job_encoder == nullptr || collection->collection->config().model_fingerprint.empty()) {
    return Fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("collection \"{}\" has no model: pictures and videos cannot be added to it", collection->name));
  }
  std::lock_guard lock(mutex_);
  if (waiting_.size() >= options_.queue_capacity) {
    return Fail(ErrorCode::kResourceExhausted, fmt::format("{} jobs are waiting already", waiting_.size()));
  }
  SL_ASSIGN_OR_RETURN(JobRecord record,
                      indexer::PrepareJob(*collection->collection, indexer::JobInputs(inputs, options)));
  waiting_.push_back(std::make_shared<Job>(std::move(collection), record.id, std::move(inputs), options));
  wake_.notify_all();
  return JobView{.record = std::move(record), .phase = JobPhase::kQueued, .progress = std::nullopt, .failure = {}};
}

void JobService::Run(const std::stop_token& stop) {
  while (const std::shared_ptr<Job> job = Next(stop)) {
    job->Run();
    std::lock_guard lock(mutex_);
    running_.reset();
    ended_.push_back(job);
    if (ended_.size() > kEndedKept) ended_.pop_front();
  }
}

std::shared_ptr<JobService::Job> JobService::Next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!wake_.wait(lock, stop, [this] { return !waiting_.empty(); }) || stop.stop_requested()) return nullptr;
  running_ = std::move(waiting_.front());
  waiting_.pop_front();
  return running_;
}

// Null for a job of another process, or of a command.
std::shared_ptr<JobService::Job> JobService::FindJob(std::string_view collection, JobId id) const {
  const auto is_it = [&](const std::shared_ptr<Job>& job) { return job && job->id == id && job->name == collection; };
  if (is_it(running_)) return running_;
  for (const auto* jobs : {&waiting_, &ended_}) {
    const auto found = std::find_if(jobs->rbegin(), jobs->rend(), is_it);
    if (found != jobs->rend()) return *found;
  }
  return nullptr;
}

JobView JobService::ViewOf(const HostedCollection& collection, JobRecord record) const {
  const std::shared_ptr<Job> job = FindJob(collection.name, record.id);
  JobView view;
  if (job != nullptr && job == running_) {
    view.phase = job->stop_requested() ? JobPhase::kStopping : JobPhase::kRunning;
  } else if (job != nullptr && std::find(waiting_.begin(), waiting_.end(), job) != waiting_.end()) {
    view.phase = JobPhase::kQueued;
  } else {
    switch (record.state) {
      case JobState::kRunning:
        view.phase = IsBusy(*collection.collection) ? JobPhase::kRunning : JobPhase::kInterrupted;
        break;
      case JobState::kStopped:
        view.phase = JobPhase::kStopped;
        break;
      case JobState::kFinished:
        view.phase = JobPhase::kFinished;
        break;
      case JobState::kFailed:
        view.phase = JobPhase::kFailed;
        break;
    }
  }
  view.record = std::move(record);
  if (job == nullptr) return view;
  view.progress = job->progress();
  view.failure = job->failure();
  // What failed before it could write that into its record.
  if (!view.failure.empty() && view.phase == JobPhase::kStopped) view.phase = JobPhase::kFailed;
  return view;
}

Result<std::vector<JobView>> JobService::List(const HostedCollection& collection) const {
  // Under the lock, so that no job ends between its record and what is added to it.
  std::lock_guard lock(mutex_);
  SL_ASSIGN_OR_RETURN(std::vector<JobRecord> records, collection.collection->Jobs());
  std::vector<JobView> views;
  for (JobRecord& record : records) views.push_back(ViewOf(collection, std::move(record)));
  return views;
}

Result<JobView> JobService::Find(const HostedCollection& collection, JobId id) const {
  SL_ASSIGN_OR_RETURN(std::vector<JobView> views, List(collection));
  const auto found =
      std::find_if(views.begin(), views.end(), [id](const JobView& view) { return view.record.id == id; });
  if (found != views.end()) return std::move(*found);
  return Fail(ErrorCode::kNotFound, fmt::format("collection \"{}\" has no job {}", collection.name, id.value));
}

Result<JobView> JobService::Cancel(const HostedCollection& collection, JobId id) {
  {
    std::lock_guard lock(mutex_);
    const std::shared_ptr<Job> job = FindJob(collection.name, id);
    if (job) job->Stop();
    std::erase(waiting_, job);
  }
  SL_ASSIGN_OR_RETURN(JobView view, Find(collection, id));
  if (view.phase != JobPhase::kRunning) return view;
  return Fail(ErrorCode::kFailedPrecondition,
              fmt::format("job {} is run by a command, which has to be stopped itself", id.value));
}

bool JobService::HasWork(std::string_view collection) const {
  std::lock_guard lock(mutex_);
  const auto is_of = [&](const std::shared_ptr<Job>& job) { return job && job->name == collection; };
  return is_of(running_) || std::any_of(waiting_.begin(), waiting_.end(), is_of);
}

}  // namespace sightline::http
