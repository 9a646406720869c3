// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "http/message.h"

namespace sightline::http {

/// Threads for the work of handlers, with a bounded queue that never blocks who hands work in. Thread-safe. The
/// destructor finishes what is queued.
class TaskPool {
 public:
  /// @param threads  at least 1.   @param queue_capacity  tasks that may wait, at least 1.
  TaskPool(size_t threads, size_t queue_capacity);
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  /// Runs `task` on some thread. False when the queue is full: nothing has happened then.
  bool TrySubmit(std::function<void()> task);

  /// Tasks that wait, for metrics.
  size_t waiting() const { return tasks_.size(); }

 private:
  BoundedQueue<std::function<void()>> tasks_;
  std::vector<std::jthread> threads_;
};

/// A handler that runs `work` on `pool`, which must outlive it. A full queue answers 503 with Retry-After at once; a
/// request whose deadline has passed or whose client has gone while it waited is answered without doing the work. An
/// exception from `work` is answered with 500.
Handler OnPool(TaskPool& pool, std::function<Response(const Request&)> work);

}  // namespace sightline::http
