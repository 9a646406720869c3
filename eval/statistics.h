// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

/// How sure a mean over queries is. Everything is a function of its arguments: the same figures on every machine.
namespace sightline::eval {

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers everywhere, which the standard library's distributions do
/// not promise.
class RandomNumbers {
 public:
  explicit RandomNumbers(uint64_t seed) : state_(seed) {}

  uint64_t Next();
  /// 0..bound - 1, all equally likely. `bound` is at least 1.
  uint64_t Below(uint64_t bound);

 private:
  uint64_t state_;
};

struct Interval {
  double low = 0;
  double high = 0;

  friend bool operator==(const Interval&, const Interval&) = default;
};

struct BootstrapOptions {
  size_t resamples = 1000;
  double level = 0.95;
  uint64_t seed = 20260101;
};

/// Percentile bootstrap interval of the mean of `values`. What is drawn with replacement are clusters: values of one
/// cluster stand or fall together, as the captions of one picture do.
/// @param clusters  one per value; equal numbers are one cluster. Any numbers, in any order.
/// @return {0, 0} without values. Quantiles lie between order statistics as R's type 7 does.
/// Errors: kInvalidArgument (lengths differ, no resamples, a level outside 0..1).
Result<Interval> BootstrapMean(std::span<const double> values, std::span<const size_t> clusters,
                               const BootstrapOptions& options = {});

/// How two configurations differ on the same queries.
struct PairedComparison {
  double difference = 0;  ///< Mean of b - a.
  Interval interval;      ///< Of the difference: BootstrapMean.
  double p_value = 1;     ///< Two-sided, of the sign-flip test.
  size_t better = 0;      ///< Queries where b is above a.
  size_t worse = 0;
};

struct PairedTestOptions {
  size_t flips = 9999;  ///< Random assignments of signs, where there are too many to look at all of them.
  BootstrapOptions bootstrap = {};
};

/// Paired sign-flip permutation test by cluster: were both configurations alike, the difference of each cluster could
/// as well have the other sign. Up to 14 clusters that differ all assignments are looked at, and the p value is exact:
/// with one value of 0 or 1 per cluster McNemar's exact test. Otherwise it is (1 + those at least as extreme) / (1 +
/// flips).
/// @param a, b  one value per query, of the same queries.   @param clusters  as in BootstrapMean.
/// Errors: those of BootstrapMean.
Result<PairedComparison> ComparePaired(std::span<const double> a, std::span<const double> b,
                                       std::span<const size_t> clusters, const PairedTestOptions& options = {});

/// The value that a share `q` (0..1) of `sorted` (ascending) is not above, between its neighbours where it falls
/// between them (R's type 7). `sorted` is not empty.
double QuantileOf(std::span<const double> sorted, double q);

}  // namespace sightline::eval
