// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "http/host.h"
#include "indexer/indexer.h"
#include "storage/records.h"

namespace sightline::http {

/// What becomes of a job.
enum class JobPhase {
  kQueued,       ///< Waits for the jobs before it.
  kRunning,      ///< Here, or by a command that works through this server.
  kStopping,     ///< Was told to stop, and finishes what is in hand.
  kStopped,      ///< Ended early on request: it can be resumed.
  kFinished,     ///< Came to its end; single files may have failed.
  kFailed,       ///< Could not go on.
  kInterrupted,  ///< Its process ended in the middle of it: it can be resumed.
};

/// "queued", "running", "stopping", "stopped", "finished", "failed", "interrupted".
std::string_view NameOf(JobPhase phase);

/// A job as it is now.
struct JobView {
  storage::JobRecord record;  ///< As stored: its counts are durable.
  JobPhase phase = JobPhase::kQueued;
  std::optional<indexer::IndexProgress> progress;  ///< Of this run; absent before it begins, and after a restart.
  std::string failure;                             ///< kFailed: why, when it failed in this process.
};

/// Bulk indexing inside the server: one job at a time, in the order in which they were handed in. A job has its record
/// from the start, so that one that was still waiting, or in the middle, when the server ended can be resumed.
/// Thread-safe.
class JobService {
 public:
  struct Options {
    size_t queue_capacity = 100;  ///< Jobs that wait; more are refused.
  };

  JobService() : JobService(Options()) {}
  explicit JobService(const Options& options);
  /// RequestStop, and waits until the job in hand has stopped.
  ~JobService();
  JobService(const JobService&) = delete;
  JobService& operator=(const JobService&) = delete;

  /// Hands in a job: durable when it returns. Errors: kFailedPrecondition (the collection holds raw vectors, or there
  /// is no model), kResourceExhausted (too many wait), those of Collection::Commit.
  Result<JobView> Submit(std::shared_ptr<HostedCollection> collection, indexer::IndexInputs inputs,
                         const indexer::IndexOptions& options);

  /// All jobs of a collection, newest first. Errors: those of Collection::Jobs.
  Result<std::vector<JobView>> List(const HostedCollection& collection) const;
  /// Errors: kNotFound, those of Collection::Jobs.
  Result<JobView> Find(const HostedCollection& collection, JobId id) const;

  /// Tells a job to stop; it ends a little later. One that has ended stays as it is. Errors: those of Find;
  /// kFailedPrecondition (a command runs it, not this service).
  Result<JobView> Cancel(const HostedCollection& collection, JobId id);

  /// Tells the job in hand to stop; no other begins. All of them can be resumed.
  void RequestStop();

  /// Drops what is remembered of the jobs of a collection that is gone.
  void Forget(std::string_view collection);

  /// Whether jobs of this collection wait or run here.
  bool HasWork(std::string_view collection) const;

 private:
  class Job;

  void Run(const std::stop_token& stop);
  std::shared_ptr<Job> Next(const std::stop_token& stop);
  std::shared_ptr<Job> FindJob(std::string_view collection, JobId id) const;
  JobView ViewOf(const HostedCollection& collection, storage::JobRecord record) const;

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::shared_ptr<Job> running_;
  std::deque<std::shared_ptr<Job>> ended_;  ///< The last ones, for what their records do not say.
  std::jthread runner_;                     ///< Last: it uses the others.
};

}  // namespace sightline::http
