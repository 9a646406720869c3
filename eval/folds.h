// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "eval/live_protocol.h"
#include "eval/metrics.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// Some consecutive pictures of a set with their captions, as a set of its own.
struct Fold {
  RetrievalSet set;
  size_t first_image = 0;               ///< Its index in the whole set.
  std::vector<size_t> caption_numbers;  ///< Per caption its index in the whole set.
};

/// Cuts a set into `folds` parts of consecutive pictures, as COCO's 5,000 test pictures into 5 x 1K: sizes differ by
/// one at most. What the set left out stays with the first part. Errors: kInvalidArgument (no folds, or several and
/// fewer pictures).
Result<std::vector<Fold>> CutIntoFolds(const RetrievalSet& set, size_t folds);

/// The outcomes of a fold with the numbers that the whole set has.
std::vector<QueryOutcome> InWholeSet(std::vector<QueryOutcome> outcomes, const Fold& fold, Direction direction);

/// The mean of each figure over folds, as the 5 x 1K protocol has it. A rank that one fold does not know is absent.
RankMetrics AverageOf(std::span<const RankMetrics> folds);

}  // namespace sightline::eval
