// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "indexer/input_entry.h"

namespace sightline::indexer {

/// An input that was drawn, with its size: of a caption, that of its words.
struct DrawnInput {
  InputEntry entry;
  uint64_t size_bytes = 0;
};

/// Draws inputs: every one so far has the same chance to be in the sample (reservoir sampling).
class Reservoir {
 public:
  explicit Reservoir(size_t capacity) : capacity_(capacity) {}

  void Draw(InputEntry entry, uint64_t size_bytes) {
    const uint64_t seen = count_++;
    size_bytes_ += size_bytes;
    if (sample_.size() < capacity_) {
      sample_.push_back({std::move(entry), size_bytes});
      return;
    }
    const uint64_t slot = std::uniform_int_distribution<uint64_t>(0, seen)(random_);
    if (slot < capacity_) sample_[slot] = {std::move(entry), size_bytes};
  }

  const std::vector<DrawnInput>& sample() const { return sample_; }
  uint64_t count() const { return count_; }            ///< Of all inputs.
  uint64_t size_bytes() const { return size_bytes_; }  ///< Of all inputs.

 private:
  const size_t capacity_;
  std::mt19937_64 random_{20'240'501};  // fixed: the same files give the same sample
  std::vector<DrawnInput> sample_;
  uint64_t count_ = 0;
  uint64_t size_bytes_ = 0;
};

}  // namespace sightline::indexer
