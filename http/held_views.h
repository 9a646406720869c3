// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "base/ids.h"
#include "storage/vector_index.h"

namespace sightline::http {

/// The states of a collection that answers with a next page saw, so that the next page sees them too. Few and for a
/// short time: a state keeps the memory and the files of segments that were replaced since. Thread-safe.
class HeldViews {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param count  states that are held, at least 1.   @param time  since a state was last used.
  HeldViews(size_t count, Clock::duration time) : count_(count), time_(time) {}

  void Hold(std::shared_ptr<const storage::IndexView> view, Clock::time_point now = Clock::now());
  /// Null when it is not held any more.
  std::shared_ptr<const storage::IndexView> Find(Epoch epoch, Clock::time_point now = Clock::now());
  void Clear();

 private:
  struct Entry {
    std::shared_ptr<const storage::IndexView> view;
    Clock::time_point used;
  };
  void DropOld(Clock::time_point now);

  const size_t count_;
  const Clock::duration time_;
  std::mutex mutex_;
  std::deque<Entry> newest_last_;
};

}  // namespace sightline::http
