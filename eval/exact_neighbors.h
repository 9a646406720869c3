// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/types.h"
#include "storage/collection.h"

namespace sightline::eval {

struct ExactSearch {
  size_t k = 10;
  std::vector<UnitType> types{};  ///< Units that count; empty: all.
  size_t threads = 1;
  Limits limits{};
  std::function<void(size_t units)> on_progress{};  ///< Called with the units read so far; may be empty.
};

/// The scores that exact search gives: for each query those of its nearest units, best first, at most k. A unit's score
/// is the best cosine of its vectors.
using ExactScores = std::vector<std::vector<float>>;

/// Compares queries (of unit length, as long as the collection's vectors) with every stored vector, read in blocks:
/// what is in memory does not grow with the collection. This is the truth that an approximate index is measured
/// against, so nothing of the index takes part. Errors: read errors, those of limits.
Result<ExactScores> FindExactScores(const storage::Collection& collection, std::span<const Embedding* const> queries,
                                    const ExactSearch& search);

}  // namespace sightline::eval
