// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace sightline {

/// A queue of at most `capacity` elements between pipeline stages: a slow consumer slows its producer, so memory stays
/// flat. Close() ends it in order, Abort() at once. Thread-safe.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  /// Blocks while full. False when the queue was closed or aborted: `value` is dropped.
  bool Push(T value) {
    std::unique_lock lock(mutex_);
    can_push_.wait(lock, [this] { return closed_ || values_.size() < capacity_; });
    if (closed_) return false;
    values_.push_back(std::move(value));
    can_pop_.notify_one();
    return true;
  }

  /// As Push, but returns false instead of blocking.
  bool TryPush(T value) {
    std::lock_guard lock(mutex_);
    if (closed_ || values_.size() >= capacity_) return false;
    values_.push_back(std::move(value));
    can_pop_.notify_one();
    return true;
  }

  /// Blocks while empty. Nothing when the queue is closed and drained, or aborted.
  std::optional<T> Pop() {
    std::unique_lock lock(mutex_);
    can_pop_.wait(lock, [this] { return closed_ || !values_.empty(); });
    return Take();
  }

  /// Blocks while empty, for `timeout` at most. False when the time is up; else Pop does not block, as long as nobody
  /// else pops.
  bool WaitFor(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return can_pop_.wait_for(lock, timeout, [this] { return closed_ || !values_.empty(); });
  }

  /// As Pop, but returns nothing instead of blocking.
  std::optional<T> TryPop() {
    std::unique_lock lock(mutex_);
    return Take();
  }

  /// No more pushes; what is queued can still be popped. Idempotent.
  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    can_push_.notify_all();
    can_pop_.notify_all();
  }

  /// Close, and drop what is queued.
  void Abort() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    values_.clear();
    can_push_.notify_all();
    can_pop_.notify_all();
  }

  size_t size() const {
    std::lock_guard lock(mutex_);
    return values_.size();
  }

 private:
  std::optional<T> Take() {
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    can_push_.notify_one();
    return value;
  }

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable can_push_;
  std::condition_variable can_pop_;
  std::deque<T> values_;
  bool closed_ = false;
};

}  // namespace sightline
