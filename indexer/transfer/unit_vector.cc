// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/unit_vector.h"

#include <algorithm>
#include <cmath>

namespace sightline::indexer {
namespace {

// Rounding of fp32 values moves the length of a unit vector by less.
constexpr double kUnitTolerance = 1e-6;
// That of fp16 values by less than this: not worth a word.
constexpr double kTellTolerance = 2e-3;
// Shorter vectors have no direction.
constexpr double kZeroLength = 1e-30;

}  // namespace

Result<bool> MakeUnitVector(Embedding& values) {
  if (!std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); })) {
    return Fail(ErrorCode::kInvalidArgument, "a value is not finite");
  }
  double sum = 0;
  for (const float value : values) sum += double{value} * value;
  const double length = std::sqrt(sum);
  if (length < kZeroLength) return Fail(ErrorCode::kInvalidArgument, "the vector is zero: it has no direction");
  const double off = std::abs(length - 1);
  if (off > kUnitTolerance) {
    for (float& value : values) value = static_cast<float>(value / length);
  }
  return off > kTellTolerance;
}

}  // namespace sightline::indexer
