// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace sightline::storage {

/// Counts the searches that run now, so that background work can keep out of their way. Thread-safe.
class SearchGate {
 public:
  /// A search for as long as it lives.
  class Pass {
   public:
    explicit Pass(SearchGate& gate) : gate_(gate) { gate_.running_.fetch_add(1, std::memory_order_relaxed); }
    ~Pass() { gate_.running_.fetch_sub(1, std::memory_order_relaxed); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    SearchGate& gate_;
  };

  bool busy() const { return running_.load(std::memory_order_relaxed) > 0; }

 private:
  std::atomic<int> running_{0};
};

}  // namespace sightline::storage
