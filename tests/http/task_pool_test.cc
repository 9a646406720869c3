// SPDX-License-Identifier: BSD-3-Clause
#include "http/task_pool.h"

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

/// Calls a handler and waits for its answer.
Response Call(const Handler& handler, const Request& request = {}) {
  std::promise<Response> answer;
  handler(std::make_shared<const Request>(request),
          [&answer](Response response) { answer.set_value(std::move(response)); });
  return answer.get_future().get();
}

TEST(OnPoolTest, WorkRunsOnAnotherThread) {
  TaskPool pool(1, 4);
  std::thread::id worker;
  const Response response = Call(OnPool(pool, [&worker](const Request&) {
    worker = std::this_thread::get_id();
    return Response{.status = 204};
  }));
  EXPECT_EQ(response.status, 204);
  EXPECT_NE(worker, std::this_thread::get_id());
}

TEST(OnPoolTest, AFullQueueIsRefusedAtOnce) {
  std::atomic<bool> first = true;
  std::latch started(1);
  std::latch release(1);
  std::atomic<int> answered = 0;
  TaskPool pool(1, 1);
  const Handler handler = OnPool(pool, [&](const Request&) {
    if (first.exchange(false)) started.count_down();
    release.wait();
    return Response{};
  });
  const auto count = [&answered](const Response& response) {
    EXPECT_EQ(response.status, 200);
    ++answered;
  };
  handler(std::make_shared<const Request>(), count);  // Runs.
  started.wait();
  handler(std::make_shared<const Request>(), count);  // Waits.
  const Response refused = Call(handler);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.Find("Retry-After"), "1");
  EXPECT_EQ(answered, 0);
  release.count_down();
}

TEST(OnPoolTest, WorkThatComesTooLateIsNotDone) {
  TaskPool pool(1, 1);
  const Handler handler = OnPool(pool, [](const Request&) {
    ADD_FAILURE() << "done all the same";
    return Response{};
  });
  Request late;
  late.limits.deadline = std::chrono::steady_clock::now() - std::chrono::milliseconds(1);
  EXPECT_EQ(Call(handler, late).status, 503);
  std::stop_source gone;
  gone.request_stop();
  Request unwanted;
  unwanted.limits.stop = gone.get_token();
  EXPECT_EQ(Call(handler, unwanted).status, 503);
}

TEST(OnPoolTest, AnExceptionIsAnInternalError) {
  TaskPool pool(1, 1);
  const Handler handler = OnPool(pool, [](const Request&) -> Response { throw std::runtime_error("broken"); });
  EXPECT_EQ(Call(handler).status, 500);
}

}  // namespace
}  // namespace sightline::http
