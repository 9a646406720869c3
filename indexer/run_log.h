// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "indexer/commit_planner.h"
#include "indexer/indexer.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// What one batch adds to the counts of a run.
struct BatchTally {
  uint64_t added = 0;
  uint64_t updated = 0;
  uint64_t unchanged = 0;
  uint64_t duplicate = 0;
  uint64_t moved = 0;
  uint64_t encoded = 0;
  uint64_t clips = 0;
  int64_t video_us = 0;
  IndexTimes times;
  std::vector<storage::JobError> failed;
  std::vector<IndexNote> notes;

  /// Counts a planned item; a part of a video that is not its last counts for nothing. Not for kNeedsContent.
  void Count(Resolution resolution);
};

/// The accounts of one run: its job record in the collection, its progress and its observer. Confined to the thread
/// that commits.
class RunLog {
 public:
  /// Ends the jobs that an interrupted process left running, and writes the record of a new one, or of `job` when one
  /// was made for this run. Keeps Collection::job_mutex while it lives. Errors: kUnavailable (another job runs in the
  /// collection), kInvalidArgument (no record of `job`), those of Collection::Jobs and Commit.
  /// `inputs`: as the job record keeps them. `tell_every`: the observer hears of progress at most so often.
  static Result<RunLog> Start(storage::Collection& collection, std::vector<std::string> inputs, IndexObserver* observer,
                              std::chrono::milliseconds tell_every, JobId job = {});
  /// The accounts of a run that has no job record and may run beside one that has.
  static RunLog Unrecorded(storage::Collection& collection, IndexObserver* observer,
                           std::chrono::milliseconds tell_every);

  /// Commits `changes`, with the job record as it is after `tally`, and then counts `tally`. Without changes nothing is
  /// written. Errors: those of Collection::Commit; nothing is counted then.
  Status Commit(storage::WriteSet changes, BatchTally tally);

  /// Notes how far the scan has come, and that of the video that is being looked through; tells the observer unless it
  /// was told just now.
  void Report(uint64_t files_found, bool scan_done, std::optional<VideoScan> video_scan);

  /// Writes the final state of the job and reports for the last time. Errors: those of Collection::Commit.
  Status Finish(storage::JobState state);

  const IndexProgress& progress() const { return progress_; }
  const storage::JobRecord& job() const { return job_; }
  const std::vector<IndexNote>& notes() const { return notes_; }

 private:
  using Clock = std::chrono::steady_clock;

  RunLog(storage::Collection& collection, IndexObserver* observer, std::chrono::milliseconds tell_every)
      : collection_(collection), observer_(observer), tell_every_(tell_every) {}
  storage::JobRecord JobAfter(const BatchTally& tally) const;
  Status BeginJob(std::vector<std::string> inputs, JobId id);
  bool WantsJobRecord(Clock::time_point now) const;
  void Add(const BatchTally& tally);
  void Tell();

  storage::Collection& collection_;
  IndexObserver* observer_;
  std::chrono::milliseconds tell_every_;
  std::unique_lock<std::mutex> running_;  ///< Of Collection::job_mutex.
  storage::JobRecord job_;                ///< Without an id: no record is written.
  IndexProgress progress_;
  std::vector<IndexNote> notes_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point told_ = started_ - std::chrono::hours(1);
  Clock::time_point job_written_ = started_;
};

/// Writes the final state of a run's job and makes its report. @param finished  whether it came to the end; false after
/// a stop; an error is passed on. Errors: those of RunLog::Finish.
Result<IndexReport> EndRun(RunLog& log, Result<bool> finished);

/// Writes the record of a job that is to run later: stopped, so that it can be resumed whatever happens until then.
/// Errors: those of Collection::Jobs and Commit.
Result<storage::JobRecord> PrepareJob(storage::Collection& collection, std::vector<std::string> inputs);

/// Seconds since 1970.
int64_t UnixSeconds();

}  // namespace sightline::indexer
