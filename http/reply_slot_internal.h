// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "http/message.h"
#include "http/problem.h"

namespace sightline::http {

/// Where the one answer to a request lands. The connection takes it, or closes the slot when it goes away first; then
/// an answer is dropped. Thread-safe.
class ReplySlot {
 public:
  void Put(Response response) {
    std::lock_guard lock(mutex_);
    if (done_) return;
    done_ = true;
    answer_ = std::move(response);
    if (wake_) wake_();  // Under the lock: Close waits for it, so what it wakes is still there.
  }

  /// False when the answer is there. Else `wake` is called once, from any thread, when it comes; not after Close.
  bool CallWhenDone(std::function<void()> wake) {
    std::lock_guard lock(mutex_);
    if (answer_) return false;
    wake_ = std::move(wake);
    return true;
  }

  std::optional<Response> Take() {
    std::lock_guard lock(mutex_);
    return std::exchange(answer_, std::nullopt);
  }

  void Close() {
    std::lock_guard lock(mutex_);
    done_ = true;
  }

  bool done() const {
    std::lock_guard lock(mutex_);
    return done_;
  }

 private:
  mutable std::mutex mutex_;
  std::function<void()> wake_;
  std::optional<Response> answer_;
  bool done_ = false;
};

/// A Reply for the slot. When all its copies are gone without a call, the answer is 500.
inline Reply ReplyInto(std::shared_ptr<ReplySlot> slot, std::shared_ptr<const Request> request) {
  struct Promise {
    std::shared_ptr<ReplySlot> slot;
    std::shared_ptr<const Request> request;
    ~Promise() {
      if (slot->done()) return;
      slot->Put(ProblemResponse(*request, Error{ErrorCode::kInternal, "the handler did not answer"}));
    }
  };
  auto promise = std::make_shared<const Promise>(std::move(slot), std::move(request));
  return [promise](Response response) { promise->slot->Put(std::move(response)); };
}

}  // namespace sightline::http
