// SPDX-License-Identifier: BSD-3-Clause
#include "query/search_gatherer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/guard.h"
#include "query/plan.h"

namespace sightline::query {
namespace {

// Gathering goes on for so many windows after the last concurrent searches.
constexpr int kWindowsOfCompany = 10;
// Reading the first candidate costs about as much as the next few, so a handful is hardly cheaper than this many, and
// hardly better than none. Whoever hides weak matches gets these at the least: without any there would be no answer.
constexpr size_t kFewestCandidates = 8;
// Answers that may wait for their callbacks: enough for several batches; then searching waits for them.
constexpr size_t kFinishedAhead = 256;

double Ms(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

size_t ShrunkDepth(const SearchRequest& request, double share) {
  if (share >= 1) return request.rerank_depth;
  const auto depth = static_cast<size_t>(std::floor(static_cast<double>(request.rerank_depth) * share));
  if (depth >= kFewestCandidates) return depth;
  return request.min_match ? std::min(kFewestCandidates, request.rerank_depth) : 0;
}

// Says in the answer that load made the rerank depth smaller, where it made a difference.
void TellShrunk(size_t asked, size_t depth, SearchAnswer& answer) {
  // Of what could have been found: the coarse stage finds fewer candidates for a smaller depth.
  const size_t full = std::min(asked, answer.searched);
  if (depth >= full) return;
  answer.degraded = true;
  const std::string reason =
      fmt::format("many searches at a time: {} of {} candidates were read against the query", depth, full);
  answer.degraded_reason += (answer.degraded_reason.empty() ? "" : "; ") + reason;
}

}  // namespace

SearchGatherer::SearchGatherer(BatchSearch search, const GatherOptions& options)
    : search_(std::move(search)),
      options_(options),
      finished_(kFinishedAhead),
      deliverer_([this] { Deliver(); }),
      runner_([this] { Run(); }) {
  SL_CHECK(options.max_searches > 0 && options.queue_capacity > 0);
}

SearchGatherer::~SearchGatherer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  runner_.join();
  for (Waiting& search : waiting_) {
    finished_.Push(
        {std::move(search.done), Fail(ErrorCode::kUnavailable, "the service ends: the search did not begin")});
  }
  finished_.Close();
  deliverer_.join();
}

void SearchGatherer::Submit(SearchRequest request, Callback done, DepthPolicy policy) {
  const Clock::time_point now = Clock::now();
  Waiting search{.request = std::move(request), .done = std::move(done), .since = now};
  search.reranks = WantsRerank(search.request);
  search.asked_depth = search.request.rerank_depth;
  search.may_shrink = policy == DepthPolicy::kMayShrink;
  Status admitted;
  {
    std::lock_guard lock(mutex_);
    admitted = Admit(search, now);
    if (admitted) {
      waiting_.push_back(std::move(search));
      wake_.notify_all();  // With the lock: the answer may let go of the gatherer as soon as it is released.
    } else if (admitted.error().code == ErrorCode::kResourceExhausted) {
      ++stats_.refused;
    }
  }
  if (!admitted) search.done(tl::unexpected<Error>(std::move(admitted).error()));
}

GatherStats SearchGatherer::stats() const {
  std::lock_guard lock(mutex_);
  GatherStats stats = stats_;
  stats.waiting = waiting_.size();
  stats.wait_ms = LeastWaitMs(Clock::now());
  return stats;
}

Status SearchGatherer::Admit(const Waiting& search, Clock::time_point now) const {
  if (stopping_) return Fail(ErrorCode::kUnavailable, "the service ends");
  SL_RETURN_IF_ERROR(search.request.limits.Check("search"));
  if (waiting_.size() >= options_.queue_capacity) {
    return Fail(ErrorCode::kResourceExhausted, fmt::format("too many searches: {} wait already", waiting_.size()));
  }
  const double before_ms = LeastWaitMs(now);
  if (before_ms == 0) return {};  // Nothing is in its way.
  const WaitingCost cost = CostOf(search, now);
  const double needed_ms = before_ms + cost.search_ms + (cost.may_shrink ? 0 : cost.rerank_ms);
  if (needed_ms <= cost.allowed_ms) return {};
  return Fail(ErrorCode::kResourceExhausted,
              fmt::format("too many searches: those that wait take {:.0f} ms, and this one should be answered in "
                          "{:.0f} ms",
                          before_ms, std::max(cost.allowed_ms, 0.0)));
}

double SearchGatherer::RestOfBatchMs(Clock::time_point now) const {
  return running_ ? std::max(0.0, batch_expected_ms_ - Ms(now - batch_started_)) : 0;
}

// Until the queue is empty when nothing is reranked.
double SearchGatherer::LeastWaitMs(Clock::time_point now) const {
  return RestOfBatchMs(now) + static_cast<double>(waiting_.size()) * cost_.search_ms();
}

WaitingCost SearchGatherer::CostOf(const Waiting& search, Clock::time_point now) const {
  WaitingCost cost{.search_ms = cost_.search_ms(), .may_shrink = search.may_shrink};
  if (search.reranks) cost.rerank_ms = static_cast<double>(search.asked_depth) * cost_.pair_ms();
  const Clock::time_point deadline = search.request.limits.deadline;
  if (deadline == Clock::time_point::max()) {
    cost.allowed_ms = std::numeric_limits<double>::infinity();
    return cost;
  }
  cost.allowed_ms = AllowedMs({.time_ms = Ms(deadline - search.since),
                               .waited_ms = Ms(now - search.since),
                               .own_ms = cost.search_ms + cost.rerank_ms},
                              options_.patience);
  return cost;
}

// A search that is alone keeps its depth: the searcher itself sees to its deadline.
double SearchGatherer::ShareOfDepth(Clock::time_point now) const {
  if (waiting_.size() < 2) return 1;
  std::vector<WaitingCost> costs;
  costs.reserve(waiting_.size());
  for (const Waiting& search : waiting_) costs.push_back(CostOf(search, now));
  return DepthShare(costs);
}

void SearchGatherer::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    WaitForMore(lock);
    if (stopping_) return;
    std::vector<Finished> failed;
    Batch batch = TakeBatch(failed);
    lock.unlock();
    for (Finished& finished : failed) finished_.Push(std::move(finished));
    if (!batch.empty()) RunBatch(std::move(batch));
    lock.lock();
    running_ = false;
    batch_ended_ = Clock::now();
  }
}

// Note [Company]
// A search that comes alone has nobody to wait for, so it runs at once. While searches come concurrently, those who get
// their answers from one batch ask again at the same time: whoever is first would run alone and keep the others
// waiting. So the first waits until as many are there as were at last, for the window at most.
void SearchGatherer::WaitForMore(std::unique_lock<std::mutex>& lock) {
  const Clock::time_point first = waiting_.front().since;
  if (expected_ < 2 || first - batch_ended_ > kWindowsOfCompany * options_.window) return;
  const size_t enough = std::min(expected_, options_.max_searches);
  wake_.wait_until(lock, first + options_.window, [&] { return stopping_ || waiting_.size() >= enough; });
}

SearchGatherer::Batch SearchGatherer::TakeBatch(std::vector<Finished>& failed) {
  const Clock::time_point now = Clock::now();
  const double share = ShareOfDepth(now);
  const size_t waited = waiting_.size();
  Batch batch;
  size_t pairs = 0;
  while (!waiting_.empty() && batch.size() < options_.max_searches && pairs < options_.max_pairs) {
    Waiting search = std::move(waiting_.front());
    waiting_.pop_front();
    if (Status limits = search.request.limits.Check("search"); !limits) {
      failed.push_back({std::move(search.done), tl::unexpected<Error>(std::move(limits).error())});
      continue;
    }
    if (search.reranks && search.may_shrink) search.request.rerank_depth = ShrunkDepth(search.request, share);
    if (search.reranks) pairs += search.request.rerank_depth;
    if (search.request.rerank_depth < search.asked_depth) ++stats_.shrunk;
    batch.push_back(std::move(search));
  }
  expected_ = std::max<size_t>(waited, 1);
  running_ = true;
  batch_started_ = now;
  batch_expected_ms_ =
      static_cast<double>(batch.size()) * cost_.search_ms() + static_cast<double>(pairs) * cost_.pair_ms();
  if (!batch.empty()) ++stats_.batches;
  stats_.searches += batch.size();
  return batch;
}

void SearchGatherer::RunBatch(Batch batch) {
  const Clock::time_point started = Clock::now();
  std::vector<SearchRequest> requests;
  requests.reserve(batch.size());
  for (Waiting& search : batch) requests.push_back(std::move(search.request));
  std::vector<Result<SearchAnswer>> answers;
  const Status ran = Guard("search", [&]() -> Status {
    answers = search_(requests);
    return {};
  });
  if (!ran) answers.assign(batch.size(), tl::unexpected<Error>(ran.error()));
  SL_CHECK(answers.size() == batch.size());
  Learn(batch, answers);
  for (size_t i = 0; i < batch.size(); ++i) {
    if (answers[i]) {
      answers[i]->timings.queue_ms = Ms(started - batch[i].since);
      answers[i]->timings.total_ms += answers[i]->timings.queue_ms;
      if (batch[i].reranks) TellShrunk(batch[i].asked_depth, requests[i].rerank_depth, *answers[i]);
    }
    finished_.Push({std::move(batch[i].done), std::move(answers[i])});
  }
}

// All answers of a batch have the batch's timings.
void SearchGatherer::Learn(std::span<const Waiting> batch, std::span<const Result<SearchAnswer>> answers) {
  size_t pairs = 0;
  const SearchAnswer* any = nullptr;
  for (const Result<SearchAnswer>& answer : answers) {
    if (!answer) continue;
    any = &*answer;
    pairs += answer->reranked;
  }
  if (any == nullptr) return;
  std::lock_guard lock(mutex_);
  cost_.Learn(batch.size(), pairs, any->timings);
}

void SearchGatherer::Deliver() {
  while (std::optional<Finished> finished = finished_.Pop()) finished->done(std::move(finished->answer));
}

}  // namespace sightline::query
