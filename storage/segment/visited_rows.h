// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace sightline::storage {

/// A set of rows that is emptied in the time of its size.
class VisitedRows {
 public:
  explicit VisitedRows(size_t rows) : words_((rows + 63) / 64) {}

  /// False when the row was there already.
  bool Add(uint32_t row) {
    uint64_t& word = words_[row / 64];
    const uint64_t bit = uint64_t{1} << row % 64;
    if ((word & bit) != 0) return false;
    word |= bit;
    added_.push_back(row);
    return true;
  }
  void Clear() {
    for (uint32_t row : added_) words_[row / 64] = 0;
    added_.clear();
  }
  size_t size() const { return added_.size(); }

 private:
  std::vector<uint64_t> words_;
  std::vector<uint32_t> added_;
};

/// Hands out empty sets and takes them back: as many as searches run at once. Thread-safe.
class VisitedPool {
 public:
  /// Returns its set when it ends.
  class Lease {
   public:
    Lease(VisitedPool& pool, size_t rows) : pool_(pool), set_(pool.Take(rows)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { pool_.Return(std::move(set_)); }
    VisitedRows& operator*() { return *set_; }

   private:
    VisitedPool& pool_;
    std::unique_ptr<VisitedRows> set_;
  };

  VisitedPool() : state_(std::make_unique<State>()) {}

 private:
  struct State {
    std::mutex mutex;
    std::vector<std::unique_ptr<VisitedRows>> free;
  };

  std::unique_ptr<VisitedRows> Take(size_t rows) {
    {
      const std::lock_guard lock(state_->mutex);
      if (!state_->free.empty()) {
        auto set = std::move(state_->free.back());
        state_->free.pop_back();
        return set;
      }
    }
    return std::make_unique<VisitedRows>(rows);
  }
  void Return(std::unique_ptr<VisitedRows> set) noexcept {
    set->Clear();
    try {
      const std::lock_guard lock(state_->mutex);
      state_->free.push_back(std::move(set));
    } catch (...) {  // no memory for one more: it is simply not kept
    }
  }

  std::unique_ptr<State> state_;
};

}  // namespace sightline::storage
