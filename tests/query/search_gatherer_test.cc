// SPDX-License-Identifier: BSD-3-Clause
#include "query/search_gatherer.h"

#include <algorithm>
#include <future>
#include <stdexcept>
#include <stop_token>
#include <utility>
#include <vector>

#include "tests/query/query_fixture.h"

namespace sightline::query {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

/// Searches that a test lets through one batch at a time. Nothing takes time but what the answers claim.
class Gate {
 public:
  /// Of the answers: what the gatherer learns from.
  double search_ms = 0;
  double pair_ms = 0;
  bool throws = false;

  SearchGatherer::BatchSearch Search() {
    return [this](std::span<const SearchRequest> requests) { return Run(requests); };
  }

  /// Waits until a batch has begun, and returns the depths that it was asked for.
  std::vector<size_t> WaitForBatch() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return begun_ > taken_; });
    return batches_[taken_++];
  }
  /// Lets `count` batches through.
  void Open(size_t count = 1) {
    std::lock_guard lock(mutex_);
    open_ += count;
    changed_.notify_all();
  }

 private:
  std::vector<Result<SearchAnswer>> Run(std::span<const SearchRequest> requests) {
    std::unique_lock lock(mutex_);
    std::vector<size_t> depths;
    for (const SearchRequest& request : requests) depths.push_back(request.rerank_depth);
    batches_.push_back(depths);
    ++begun_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_ > 0; });
    --open_;
    if (throws) throw std::runtime_error("the index is gone");
    SearchAnswer answer;
    answer.searched = 100;
    answer.timings.total_ms = search_ms * static_cast<double>(requests.size());
    for (const size_t depth : depths) answer.timings.rerank_ms += pair_ms * static_cast<double>(depth);
    answer.timings.total_ms += answer.timings.rerank_ms;
    std::vector<Result<SearchAnswer>> answers;
    for (const size_t depth : depths) {
      answer.reranked = answer.candidates = std::min<size_t>(depth, answer.searched);
      answers.emplace_back(answer);
    }
    return answers;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::vector<size_t>> batches_;
  size_t begun_ = 0;
  size_t taken_ = 0;
  size_t open_ = 0;
};

SearchRequest Words(size_t depth, Limits limits = {}) {
  SearchRequest request;
  request.query.text = "red";
  request.rerank_depth = depth;
  request.limits = std::move(limits);
  return request;
}

class SearchGathererTest : public ::testing::Test {
 protected:
  // No window unless a test has one: what is in a batch then depends on nothing but the order of events.
  void Start(GatherOptions options = {.window = std::chrono::microseconds(0)}) {
    gatherer_ = std::make_unique<SearchGatherer>(gate_.Search(), options);
  }

  std::future<Result<SearchAnswer>> Submit(SearchRequest request, DepthPolicy policy = DepthPolicy::kMayShrink) {
    auto promise = std::make_shared<std::promise<Result<SearchAnswer>>>();
    auto future = promise->get_future();
    gatherer_->Submit(
        std::move(request), [promise](Result<SearchAnswer> answer) { promise->set_value(std::move(answer)); }, policy);
    return future;
  }

  /// Runs one batch of one search, so that the gatherer knows what searches cost.
  void LetItLearn(double search_ms, double pair_ms) {
    gate_.search_ms = search_ms;
    gate_.pair_ms = pair_ms;
    auto first = Submit(Words(10));
    EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(10));
    gate_.Open();
    EXPECT_THAT(first.get(), IsOk());
  }

  Gate gate_;
  std::unique_ptr<SearchGatherer> gatherer_;
};

TEST_F(SearchGathererTest, WhoeverComesDuringABatchIsInTheNext) {
  Start();
  auto first = Submit(Words(3));
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(3));
  std::vector<std::future<Result<SearchAnswer>>> others;
  for (size_t depth = 4; depth < 9; ++depth) others.push_back(Submit(Words(depth)));
  EXPECT_EQ(gatherer_->stats().waiting, 5U);
  gate_.Open();
  EXPECT_EQ(first.get()->reranked, 3U);
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(4, 5, 6, 7, 8));
  gate_.Open();
  for (size_t i = 0; i < others.size(); ++i) EXPECT_EQ(others[i].get()->reranked, 4 + i) << "each has its own answer";
  EXPECT_EQ(gatherer_->stats().batches, 2U);
  EXPECT_EQ(gatherer_->stats().searches, 6U);
  EXPECT_EQ(gatherer_->stats().waiting, 0U);
}

TEST_F(SearchGathererTest, ABatchEndsWithItsSearchesOrItsPairs) {
  Start({.window = std::chrono::microseconds(0), .max_searches = 4, .max_pairs = 100});
  auto first = Submit(Words(0));
  gate_.WaitForBatch();
  std::vector<std::future<Result<SearchAnswer>>> others;
  for (const size_t depth : {0, 0, 0, 0, 0, 60, 60, 1}) others.push_back(Submit(Words(depth)));
  gate_.Open(4);
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(0, 60, 60));
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(1));
  for (auto& other : others) EXPECT_THAT(other.get(), IsOk());
}

TEST_F(SearchGathererTest, InCompanyTheFirstWaitsForTheOthers) {
  // The window is longer than the test: only company that is complete ends it.
  Start({.window = std::chrono::hours(1)});
  auto alone = Submit(Words(1));
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(1)) << "who comes alone waits for nobody";
  auto second = Submit(Words(2));
  auto third = Submit(Words(3));
  gate_.Open();
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(2, 3));
  gate_.Open();
  EXPECT_THAT(third.get(), IsOk());
  // Two came beside one another, so the next one waits for a second one.
  auto fourth = Submit(Words(4));
  auto fifth = Submit(Words(5));
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(4, 5));
  gate_.Open();
  EXPECT_THAT(fifth.get(), IsOk());
}

TEST_F(SearchGathererTest, OneRequestThatIsWrongLeavesTheOthers) {
  testing::FakeEncoder encoder;
  auto collection = testing::MemoryCollection::Create({.model_name = "fake", .model_fingerprint = "fake", .dim = 8});
  ASSERT_THAT(collection, IsOk());
  const Searcher searcher(**collection, &encoder);
  gatherer_ = std::make_unique<SearchGatherer>(
      [&searcher](std::span<const SearchRequest> requests) { return searcher.Search(requests); }, GatherOptions());
  auto wrong = Submit(SearchRequest());
  auto right = Submit(Words(4));
  EXPECT_THAT(wrong.get(), IsErrorWith(ErrorCode::kInvalidArgument, "nothing to search for"));
  EXPECT_THAT(right.get(), IsOk());
}

TEST_F(SearchGathererTest, AnExceptionOfTheSearchFailsItsBatchAlone) {
  Start();
  gate_.throws = true;
  auto first = Submit(Words(1));
  gate_.Open();
  EXPECT_THAT(first.get(), IsErrorWith(ErrorCode::kInternal, "the index is gone"));
  gate_.throws = false;
  auto second = Submit(Words(1));
  gate_.Open();
  EXPECT_THAT(second.get(), IsOk());
}

TEST_F(SearchGathererTest, MoreThanTheQueueHoldsIsRefused) {
  Start({.window = std::chrono::microseconds(0), .queue_capacity = 2});
  auto running = Submit(Words(1));
  gate_.WaitForBatch();
  auto second = Submit(Words(1));
  auto third = Submit(Words(1));
  EXPECT_THAT(Submit(Words(1)).get(), IsErrorWith(ErrorCode::kResourceExhausted, "2 wait already"));
  EXPECT_EQ(gatherer_->stats().refused, 1U);
  gate_.Open(2);
  EXPECT_THAT(third.get(), IsOk());
  gate_.Open();
  EXPECT_THAT(Submit(Words(1)).get(), IsOk()) << "refusing ends with the queue";
}

TEST_F(SearchGathererTest, UnderLoadTheDepthShrinksAndTheAnswerSaysSo) {
  Start({.window = std::chrono::microseconds(0), .max_pairs = 1000, .patience = 0.5});
  LetItLearn(0, 1000);
  auto running = Submit(Words(10, Limits::After(hours(1))));
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(10)) << "alone nothing shrinks";
  // 4 x 50 candidates take 200 s; half of 200 s are allowed.
  std::vector<std::future<Result<SearchAnswer>>> others;
  for (int i = 0; i < 4; ++i) others.push_back(Submit(Words(50, Limits::After(seconds(200)))));
  gate_.Open(2);
  EXPECT_THAT(running.get(), IsOk());
  // A moment has passed, and the share rounds down.
  EXPECT_THAT(gate_.WaitForBatch(), Each(::testing::AllOf(::testing::Ge(23U), ::testing::Le(25U))));
  for (auto& other : others) {
    const auto answer = other.get();
    ASSERT_THAT(answer, IsOk());
    EXPECT_TRUE(answer->degraded);
    EXPECT_THAT(answer->degraded_reason, HasSubstr("of 50 candidates were read against the query"));
  }
  EXPECT_EQ(gatherer_->stats().shrunk, 4U);
}

TEST_F(SearchGathererTest, ADepthThatCoversAllCandidatesIsNotDegraded) {
  Start({.window = std::chrono::microseconds(0), .max_pairs = 10'000, .patience = 0.5});
  LetItLearn(0, 1000);
  auto running = Submit(Words(10, Limits::After(hours(1))));
  gate_.WaitForBatch();
  auto second = Submit(Words(400, Limits::After(seconds(1200))));  // 600 s are allowed: three quarters of 800 s.
  auto third = Submit(Words(400, Limits::After(seconds(1200))));
  gate_.Open(2);
  EXPECT_THAT(gate_.WaitForBatch(), Each(::testing::AllOf(::testing::Ge(290U), ::testing::Le(300U))));
  const auto answer = second.get();
  ASSERT_THAT(answer, IsOk());
  EXPECT_FALSE(answer->degraded) << "there are 100 units";
  EXPECT_THAT(third.get(), IsOk());
}

TEST_F(SearchGathererTest, WhatMustKeepItsDepthKeepsIt) {
  Start({.window = std::chrono::microseconds(0), .max_pairs = 1000, .patience = 0.5});
  LetItLearn(0, 1000);
  auto running = Submit(Words(10, Limits::After(hours(1))));
  gate_.WaitForBatch();
  auto kept = Submit(Words(50, Limits::After(seconds(200))), DepthPolicy::kKeep);
  auto shrunk = Submit(Words(50, Limits::After(seconds(150))));
  gate_.Open(2);
  const std::vector<size_t> depths = gate_.WaitForBatch();
  ASSERT_EQ(depths.size(), 2U);
  EXPECT_EQ(depths[0], 50U);
  EXPECT_LT(depths[1], 26U);
  EXPECT_FALSE(kept.get()->degraded);
  EXPECT_TRUE(shrunk.get()->degraded);
}

TEST_F(SearchGathererTest, WhatIsTooLateEvenWithoutRerankIsRefusedAtOnce) {
  Start({.window = std::chrono::microseconds(0), .patience = 0.5});
  LetItLearn(1000, 0);
  auto running = Submit(Words(0, Limits::After(hours(1))));
  gate_.WaitForBatch();
  // The one that runs and the one itself take 2 s.
  EXPECT_THAT(Submit(Words(64, Limits::After(seconds(3)))).get(),
              IsErrorWith(ErrorCode::kResourceExhausted, "should be answered in"));
  auto patient = Submit(Words(0, Limits::After(seconds(60))));
  auto timeless = Submit(Words(0));
  EXPECT_THAT(gatherer_->stats().wait_ms, ::testing::AllOf(::testing::Ge(2000), ::testing::Le(3000)));
  gate_.Open(2);
  EXPECT_THAT(patient.get(), IsOk());
  EXPECT_THAT(timeless.get(), IsOk());
}

TEST_F(SearchGathererTest, AnIdleGathererRefusesNobody) {
  Start({.window = std::chrono::microseconds(0), .patience = 0.5});
  LetItLearn(120'000, 1000);
  auto hasty = Submit(Words(64, Limits::After(seconds(100))));
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(64)) << "what one search can do by its deadline the searcher sees";
  gate_.Open();
  EXPECT_THAT(hasty.get(), IsOk());
}

TEST_F(SearchGathererTest, WhoHidesWeakMatchesKeepsSomeCandidates) {
  Start({.window = std::chrono::microseconds(0), .max_pairs = 1000, .patience = 0.5});
  LetItLearn(0, 100'000);
  auto running = Submit(Words(0, Limits::After(hours(1))));
  gate_.WaitForBatch();
  SearchRequest hiding = Words(50, Limits::After(seconds(100)));
  hiding.min_match = 0.5;
  auto first = Submit(hiding);
  auto second = Submit(Words(50, Limits::After(seconds(100))));
  gate_.Open(2);
  const std::vector<size_t> depths = gate_.WaitForBatch();
  ASSERT_EQ(depths.size(), 2U);
  EXPECT_GE(depths[0], 8U);
  EXPECT_THAT(first.get(), IsOk());
  EXPECT_THAT(second.get(), IsOk());
}

TEST_F(SearchGathererTest, AHandfulOfCandidatesIsNotRead) {
  Start({.window = std::chrono::microseconds(0), .max_pairs = 1000, .patience = 0.5});
  LetItLearn(0, 1000);
  auto running = Submit(Words(0, Limits::After(hours(1))));
  gate_.WaitForBatch();
  auto first = Submit(Words(20, Limits::After(seconds(40))));  // 20 s are allowed: a fifth of 100 s, 4 each.
  std::vector<std::future<Result<SearchAnswer>>> others;
  for (int i = 0; i < 4; ++i) others.push_back(Submit(Words(20, Limits::After(seconds(40)))));
  gate_.Open(2);
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(0, 0, 0, 0, 0));
  const auto answer = first.get();
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(answer->degraded_reason, HasSubstr("0 of 20 candidates"));
  for (auto& other : others) EXPECT_THAT(other.get(), IsOk());
}

TEST_F(SearchGathererTest, WhoGivesUpInTheQueueIsNotSearchedFor) {
  Start();
  auto running = Submit(Words(1));
  gate_.WaitForBatch();
  std::stop_source gone;
  auto stopped = Submit(Words(2, {.stop = gone.get_token()}));
  auto stays = Submit(Words(3));
  gone.request_stop();
  gate_.Open(2);
  EXPECT_THAT(gate_.WaitForBatch(), ElementsAre(3));
  EXPECT_THAT(stopped.get(), IsError(ErrorCode::kCancelled));
  EXPECT_THAT(stays.get(), IsOk());
  EXPECT_THAT(Submit(Words(1, Limits::After(seconds(-1)))).get(), IsError(ErrorCode::kDeadlineExceeded));
}

TEST_F(SearchGathererTest, EndingAnswersEveryone) {
  Start();
  auto running = Submit(Words(1));
  gate_.WaitForBatch();
  auto waiting = Submit(Words(2));
  std::thread end([this] { gatherer_.reset(); });
  gate_.Open(2);
  end.join();
  EXPECT_THAT(running.get(), IsOk());
  const auto answer = waiting.get();
  EXPECT_THAT(answer, ::testing::AnyOf(IsOk(), IsError(ErrorCode::kUnavailable)));
}

TEST_F(SearchGathererTest, TimeInTheQueueIsPartOfTheTotal) {
  Start();
  gate_.search_ms = 7;
  auto first = Submit(Words(0));
  gate_.WaitForBatch();
  auto second = Submit(Words(0));
  gate_.Open(2);
  EXPECT_THAT(first.get(), IsOk());
  const auto answer = second.get();
  ASSERT_THAT(answer, IsOk());
  EXPECT_GT(answer->timings.queue_ms, 0);
  EXPECT_NEAR(answer->timings.total_ms, 7 + answer->timings.queue_ms, 1e-9);
}

}  // namespace
}  // namespace sightline::query
