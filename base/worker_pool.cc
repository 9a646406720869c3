// SPDX-License-Identifier: BSD-3-Clause
#include "base/worker_pool.h"

#include <utility>

#include "base/check.h"

namespace sightline {

WorkerPool::WorkerPool(size_t threads, size_t queue_capacity) : tasks_(queue_capacity) {
  SL_CHECK(threads > 0 && queue_capacity > 0);
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      while (auto task = tasks_.Pop()) (*task)();
    });
  }
}

WorkerPool::~WorkerPool() { tasks_.Close(); }

void WorkerPool::Submit(std::function<void()> task) { SL_CHECK(tasks_.Push(std::move(task))); }

}  // namespace sightline
