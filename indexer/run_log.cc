// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/run_log.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "indexer/other_job.h"

namespace sightline::indexer {
namespace {

using storage::JobRecord;
using storage::JobState;
using storage::WriteSet;

// A record with few errors is small and goes with every commit. With a long list, which would be written again and
// again, it goes with one commit in this time.
constexpr size_t kFewErrors = 256;
constexpr std::chrono::seconds kWriteLongJobEvery{2};

// The time now, unless the clock was set back since `then`: a job does not end before it began.
int64_t Later(int64_t then) { return std::max(then, UnixSeconds()); }

// The record of a job that begins now, with the first free id.
JobRecord NewJob(const std::vector<JobRecord>& jobs, std::vector<std::string> inputs) {
  JobRecord made;
  for (const JobRecord& job : jobs) made.id = std::max(made.id, job.id);
  ++made.id.value;
  made.started_at = UnixSeconds();
  made.updated_at = made.started_at;
  made.inputs = std::move(inputs);
  return made;
}

}  // namespace

int64_t UnixSeconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

void BatchTally::Count(Resolution resolution) {
  switch (resolution) {
    case Resolution::kUpdated:
      ++updated;
      ++added;
      return;
    case Resolution::kAdded:
      ++added;
      return;
    case Resolution::kUnchanged:
      ++unchanged;
      return;
    case Resolution::kDuplicate:
      ++duplicate;
      return;
    case Resolution::kMoved:
      ++moved;
      return;
    case Resolution::kUnfinished:
      return;
    case Resolution::kNeedsContent:
      SL_CHECK(false);
  }
}

Result<IndexReport> EndRun(RunLog& log, Result<bool> finished) {
  if (!finished) {
    // What stopped the run most likely stops this too; then the job is ended by the next run.
    static_cast<void>(log.Finish(JobState::kFailed));
    return tl::unexpected<Error>(std::move(finished).error());
  }
  SL_RETURN_IF_ERROR(log.Finish(*finished ? JobState::kFinished : JobState::kStopped));
  IndexReport report;
  report.progress = log.progress();
  report.job = log.job().id;
  report.stopped = !*finished;
  report.errors = log.job().errors;
  report.notes = log.notes();
  return report;
}

Result<RunLog> RunLog::Start(storage::Collection& collection, std::vector<std::string> inputs, IndexObserver* observer,
                             std::chrono::milliseconds tell_every, JobId job) {
  RunLog log(collection, observer, tell_every);
  log.running_ = std::unique_lock(collection.job_mutex(), std::try_to_lock);
  if (!log.running_) return Fail(ErrorCode::kUnavailable, std::string(kOtherJob));
  SL_RETURN_IF_ERROR(log.BeginJob(std::move(inputs), job));
  return log;
}

RunLog RunLog::Unrecorded(storage::Collection& collection, IndexObserver* observer,
                          std::chrono::milliseconds tell_every) {
  return {collection, observer, tell_every};
}

Result<JobRecord> PrepareJob(storage::Collection& collection, std::vector<std::string> inputs) {
  const std::lock_guard lock(collection.change_mutex());
  SL_ASSIGN_OR_RETURN(const std::vector<JobRecord> jobs, collection.Jobs());
  JobRecord job = NewJob(jobs, std::move(inputs));
  job.state = JobState::kStopped;
  WriteSet changes;
  changes.put_job = job;
  SL_RETURN_IF_ERROR(collection.Commit(changes));
  return job;
}

Status RunLog::BeginJob(std::vector<std::string> inputs, JobId id) {
  const std::lock_guard lock(collection_.change_mutex());
  SL_ASSIGN_OR_RETURN(std::vector<JobRecord> jobs, collection_.Jobs());
  job_ = NewJob(jobs, std::move(inputs));
  if (id) {
    const bool is_there = std::any_of(jobs.begin(), jobs.end(), [id](const JobRecord& job) { return job.id == id; });
    if (!is_there) return Fail(ErrorCode::kInvalidArgument, "there is no job " + std::to_string(id.value));
    job_.id = id;
  }
  for (JobRecord& job : jobs) {
    if (job.state != JobState::kRunning) continue;
    job.state = JobState::kStopped;
    WriteSet end;
    end.put_job = std::move(job);
    SL_RETURN_IF_ERROR(collection_.Commit(end));
  }
  WriteSet begin;
  begin.put_job = job_;
  SL_RETURN_IF_ERROR(collection_.Commit(begin));
  return {};
}

JobRecord RunLog::JobAfter(const BatchTally& tally) const {
  JobRecord job = job_;
  job.updated_at = Later(job_.updated_at);
  job.items_added += tally.added;
  job.items_unchanged += tally.unchanged;
  job.items_duplicate += tally.duplicate;
  job.items_moved += tally.moved;
  job.error_count += tally.failed.size();
  const size_t room = storage::kMaxJobErrors - job.errors.size();
  const auto end = tally.failed.begin() + static_cast<std::ptrdiff_t>(std::min(room, tally.failed.size()));
  job.errors.insert(job.errors.end(), tally.failed.begin(), end);
  return job;
}

bool RunLog::WantsJobRecord(Clock::time_point now) const {
  if (!job_.id) return false;
  return job_.errors.size() <= kFewErrors || now - job_written_ >= kWriteLongJobEvery;
}

Status RunLog::Commit(WriteSet changes, BatchTally tally) {
  JobRecord job = JobAfter(tally);
  if (!changes.empty()) {
    const auto now = Clock::now();
    if (WantsJobRecord(now)) {
      changes.put_job = job;
      job_written_ = now;
    }
    SL_RETURN_IF_ERROR(collection_.Commit(changes));
    tally.times.commit += std::chrono::duration<double>(Clock::now() - now).count();
  }
  job_ = std::move(job);
  Add(tally);
  return {};
}

void RunLog::Add(const BatchTally& tally) {
  progress_.added += tally.added;
  progress_.updated += tally.updated;
  progress_.unchanged += tally.unchanged;
  progress_.duplicate += tally.duplicate;
  progress_.moved += tally.moved;
  progress_.failed += tally.failed.size();
  progress_.encoded += tally.encoded;
  progress_.clips += tally.clips;
  progress_.video_seconds += static_cast<double>(tally.video_us) * 1e-6;
  progress_.times += tally.times;
  const size_t room = storage::kMaxJobErrors - notes_.size();
  const auto end = tally.notes.begin() + static_cast<std::ptrdiff_t>(std::min(room, tally.notes.size()));
  notes_.insert(notes_.end(), tally.notes.begin(), end);
  if (observer_ == nullptr) return;
  for (const storage::JobError& error : tally.failed) observer_->OnFileError(error);
  for (const IndexNote& note : tally.notes) observer_->OnNote(note);
}

void RunLog::Report(uint64_t files_found, bool scan_done, std::optional<VideoScan> video_scan) {
  progress_.files_found = std::max(files_found, progress_.done());
  progress_.scan_done = scan_done;
  progress_.video_scan = std::move(video_scan);
  if (Clock::now() - told_ >= tell_every_) Tell();
}

void RunLog::Tell() {
  const auto now = Clock::now();
  progress_.seconds = std::chrono::duration<double>(now - started_).count();
  if (observer_ != nullptr) observer_->OnProgress(progress_);
  told_ = now;
}

Status RunLog::Finish(JobState state) {
  job_.state = state;
  job_.updated_at = Later(job_.updated_at);
  WriteSet end;
  if (job_.id) end.put_job = job_;
  SL_RETURN_IF_ERROR(collection_.Commit(end));
  progress_.video_scan.reset();
  Tell();
  return {};
}

}  // namespace sightline::indexer
