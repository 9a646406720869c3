// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/result.h"
#include "query/search_load.h"
#include "query/searcher.h"

namespace sightline::query {

struct GatherOptions {
  /// How long a search may wait for others to share its batch. Only while searches come concurrently.
  std::chrono::microseconds window{2000};
  size_t max_searches = 64;  ///< Of a batch.
  /// Candidates that a batch reranks, about: more would share no more work, but keep others waiting.
  size_t max_pairs = 256;
  size_t queue_capacity = 256;  ///< Searches that wait; more are refused.
  /// The share of a search's time until its deadline that may pass while it and what waits before it run. When more is
  /// needed, rerank depths shrink; a search for which even that is not enough is refused. 0..1.
  double patience = 0.25;
};

/// What a gatherer did so far, and has to do.
struct GatherStats {
  uint64_t searches = 0;  ///< That went to a batch.
  uint64_t batches = 0;
  uint64_t refused = 0;  ///< Too many or too much waited.
  uint64_t shrunk = 0;   ///< Reranked less deep than asked for.
  size_t waiting = 0;    ///< Now.
  double wait_ms = 0;    ///< What waits now will take about so long, at the least.
};

enum class DepthPolicy {
  kMayShrink,  ///< Under load the rerank depth may shrink; the answer is degraded then.
  kKeep,       ///< For what must be ranked as something before it was, as the next page of an answer.
};

/// Runs concurrent searches in batches, so that they share encoder calls: whoever comes while a batch runs, or within
/// the window, is in the next one. Decides what is done when more comes than can be answered (search_load.h, Note
/// [Depth under load]). Thread-safe.
class SearchGatherer {
 public:
  /// As Searcher::Search: one result per request, in order.
  using BatchSearch = std::function<std::vector<Result<SearchAnswer>>(std::span<const SearchRequest>)>;
  using Callback = std::function<void(Result<SearchAnswer>)>;

  SearchGatherer(BatchSearch search, const GatherOptions& options);
  /// Finishes the batch that runs; what waits fails with kUnavailable. Returns when every callback has.
  ~SearchGatherer();
  SearchGatherer(const SearchGatherer&) = delete;
  SearchGatherer& operator=(const SearchGatherer&) = delete;

  /// Hands in a search; never blocks. `done` is called once: by the calling thread when the search is refused, else by
  /// a thread of the gatherer's, which it should not hold up.
  /// Errors: those of Searcher::Search; kResourceExhausted (too many wait, or what waits takes too long: try again
  /// after GatherStats::wait_ms), kDeadlineExceeded and kCancelled also of searches that did not begin, kUnavailable
  /// (the gatherer ends).
  void Submit(SearchRequest request, Callback done, DepthPolicy policy = DepthPolicy::kMayShrink);

  GatherStats stats() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    SearchRequest request;
    Callback done;
    Clock::time_point since;
    bool reranks = false;
    bool may_shrink = true;
    size_t asked_depth = 0;
  };
  struct Finished {
    Callback done;
    Result<SearchAnswer> answer;
  };
  using Batch = std::vector<Waiting>;

  Status Admit(const Waiting& search, Clock::time_point now) const;
  double RestOfBatchMs(Clock::time_point now) const;
  double LeastWaitMs(Clock::time_point now) const;
  WaitingCost CostOf(const Waiting& search, Clock::time_point now) const;
  double ShareOfDepth(Clock::time_point now) const;

  void Run();
  void WaitForMore(std::unique_lock<std::mutex>& lock);
  Batch TakeBatch(std::vector<Finished>& failed);
  void RunBatch(Batch batch);
  void Learn(std::span<const Waiting> batch, std::span<const Result<SearchAnswer>> answers);
  void Deliver();

  const BatchSearch search_;
  const GatherOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  bool stopping_ = false;
  SearchCost cost_;
  GatherStats stats_;
  size_t expected_ = 1;  ///< How many came at a time lately.
  bool running_ = false;
  Clock::time_point batch_started_;
  Clock::time_point batch_ended_;
  double batch_expected_ms_ = 0;

  BoundedQueue<Finished> finished_;
  std::jthread deliverer_;
  std::jthread runner_;  ///< Last: it uses the others.
};

}  // namespace sightline::query
