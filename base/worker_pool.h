// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"

namespace sightline {

/// A fixed number of threads that run tasks from one bounded queue. Thread-safe. The destructor finishes what is
/// queued.
class WorkerPool {
 public:
  /// @param threads  at least 1.   @param queue_capacity  tasks that may wait before Submit blocks.
  WorkerPool(size_t threads, size_t queue_capacity);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Runs `task` on some thread; blocks while the queue is full. Tasks must not throw and must not call Submit.
  void Submit(std::function<void()> task);

  size_t threads() const { return threads_.size(); }

 private:
  BoundedQueue<std::function<void()>> tasks_;
  std::vector<std::jthread> threads_;
};

}  // namespace sightline
