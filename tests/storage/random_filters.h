// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <random>
#include <string>
#include <vector>

#include "base/filter.h"
#include "storage/records.h"

namespace sightline::testing {

/// Metadata and filters that meet often: keys and values come from small pools of what is awkward (values of every
/// type under one key, texts that only differ late, numbers at the ends of their types). The same for the same seed.
class RandomFilters {
 public:
  explicit RandomFilters(uint64_t seed) : random_(seed) {}

  Metadata MakeMetadata();
  /// A path in one of a few folders; the same number gives another path.
  std::string MakePath(uint64_t number);
  /// @param depth  levels of filters inside it.
  Filter MakeFilter(int depth = 2);

  size_t Pick(size_t count) { return static_cast<size_t>(random_() % count); }

 private:
  MetadataValue MakeValue();
  std::string MakeKey();
  FilterClause MakeClause(int depth);

  std::mt19937_64 random_;
};

}  // namespace sightline::testing
