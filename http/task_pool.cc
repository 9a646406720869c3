// SPDX-License-Identifier: BSD-3-Clause
#include "http/task_pool.h"

#include <memory>
#include <utility>

#include "base/check.h"
#include "base/guard.h"
#include "http/problem.h"

namespace sightline::http {
namespace {

Response RunGuarded(const std::function<Response(const Request&)>& work, const Request& request) {
  if (const Status status = request.limits.Check("waiting for a free worker"); !status) {
    return ProblemResponse(request, status.error());
  }
  auto response = Guard("answer the request", [&]() -> Result<Response> { return work(request); });
  return response ? *std::move(response) : ProblemResponse(request, response.error());
}

}  // namespace

TaskPool::TaskPool(size_t threads, size_t queue_capacity) : tasks_(queue_capacity) {
  SL_CHECK(threads > 0 && queue_capacity > 0);
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      while (auto task = tasks_.Pop()) (*task)();
    });
  }
}

TaskPool::~TaskPool() { tasks_.Close(); }

bool TaskPool::TrySubmit(std::function<void()> task) { return tasks_.TryPush(std::move(task)); }

Handler OnPool(TaskPool& pool, std::function<Response(const Request&)> work) {
  auto shared = std::make_shared<const std::function<Response(const Request&)>>(std::move(work));
  return [&pool, shared](std::shared_ptr<const Request> request, Reply reply) {
    // The reply is needed on both paths: the task has a copy, of which one is called.
    const bool taken = pool.TrySubmit([shared, request, reply] { reply(RunGuarded(*shared, *request)); });
    if (!taken) reply(ProblemResponse(*request, Error{ErrorCode::kResourceExhausted, "too many requests are waiting"}));
  };
}

}  // namespace sightline::http
