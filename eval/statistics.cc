// SPDX-License-Identifier: BSD-3-Clause
#include "eval/statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_map>
#include <vector>

namespace sightline::eval {
namespace {

constexpr size_t kMostExactClusters = 14;

struct ClusterSum {
  double sum = 0;
  double count = 0;
};

// In order of first appearance, so that the draws do not depend on how clusters are numbered.
std::vector<ClusterSum> SumByCluster(std::span<const double> values, std::span<const size_t> clusters) {
  std::unordered_map<size_t, size_t> places;
  std::vector<ClusterSum> sums;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto [place, is_new] = places.emplace(clusters[i], sums.size());
    if (is_new) sums.emplace_back();
    sums[place->second].sum += values[i];
    sums[place->second].count += 1;
  }
  return sums;
}

Status CheckArguments(size_t values, size_t clusters, const BootstrapOptions& options) {
  if (values != clusters) return Fail(ErrorCode::kInvalidArgument, "bootstrap: as many clusters as values are needed");
  if (options.resamples == 0) return Fail(ErrorCode::kInvalidArgument, "bootstrap: no resamples");
  if (!(options.level > 0 && options.level < 1)) {
    return Fail(ErrorCode::kInvalidArgument, "bootstrap: the level must lie between 0 and 1");
  }
  return {};
}

// Sums that are equal but for rounding count as equally extreme.
bool AtLeastAsExtreme(double flipped, double observed) {
  return std::abs(flipped) >= std::abs(observed) * (1 - 1e-12) - 1e-12;
}

double ExactPValue(std::span<const double> differences, double observed) {
  const uint64_t assignments = uint64_t{1} << differences.size();
  uint64_t extreme = 0;
  for (uint64_t signs = 0; signs < assignments; ++signs) {
    double sum = 0;
    for (size_t i = 0; i < differences.size(); ++i) sum += ((signs >> i) & 1U) != 0 ? -differences[i] : differences[i];
    extreme += AtLeastAsExtreme(sum, observed) ? 1 : 0;
  }
  return static_cast<double>(extreme) / static_cast<double>(assignments);
}

double SampledPValue(std::span<const double> differences, double observed, const PairedTestOptions& options) {
  RandomNumbers random(options.bootstrap.seed);
  size_t extreme = 0;
  for (size_t flip = 0; flip < options.flips; ++flip) {
    double sum = 0;
    uint64_t bits = 0;
    for (size_t i = 0; i < differences.size(); ++i) {
      bits = i % 64 == 0 ? random.Next() : bits >> 1;
      sum += (bits & 1U) != 0 ? -differences[i] : differences[i];
    }
    extreme += AtLeastAsExtreme(sum, observed) ? 1 : 0;
  }
  return static_cast<double>(1 + extreme) / static_cast<double>(1 + options.flips);
}

// Of sums by cluster.
double SignFlipPValue(std::span<const ClusterSum> sums, const PairedTestOptions& options) {
  std::vector<double> differences;
  double observed = 0;
  for (const ClusterSum& cluster : sums) {
    if (cluster.sum == 0) continue;
    differences.push_back(cluster.sum);
    observed += cluster.sum;
  }
  if (differences.empty()) return 1;
  if (differences.size() <= kMostExactClusters) return ExactPValue(differences, observed);
  return SampledPValue(differences, observed, options);
}

Interval BootstrapClusters(std::span<const ClusterSum> clusters, const BootstrapOptions& options) {
  RandomNumbers random(options.seed);
  std::vector<double> means(options.resamples);
  for (double& mean : means) {
    ClusterSum drawn;
    for (size_t i = 0; i < clusters.size(); ++i) {
      const ClusterSum& cluster = clusters[random.Below(clusters.size())];
      drawn.sum += cluster.sum;
      drawn.count += cluster.count;
    }
    mean = drawn.sum / drawn.count;
  }
  std::sort(means.begin(), means.end());
  const double outside = (1 - options.level) / 2;
  return {.low = QuantileOf(means, outside), .high = QuantileOf(means, 1 - outside)};
}

}  // namespace

uint64_t RandomNumbers::Next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

uint64_t RandomNumbers::Below(uint64_t bound) {
  // Numbers beyond the last whole multiple of `bound` would favour the small ones.
  const uint64_t mask = std::bit_ceil(bound) - 1;
  for (;;) {
    const uint64_t number = Next() & mask;
    if (number < bound) return number;
  }
}

double QuantileOf(std::span<const double> sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - std::floor(place)) * (sorted[above] - sorted[below]);
}

Result<Interval> BootstrapMean(std::span<const double> values, std::span<const size_t> clusters,
                               const BootstrapOptions& options) {
  SL_RETURN_IF_ERROR(CheckArguments(values.size(), clusters.size(), options));
  if (values.empty()) return Interval{};
  return BootstrapClusters(SumByCluster(values, clusters), options);
}

Result<PairedComparison> ComparePaired(std::span<const double> a, std::span<const double> b,
                                       std::span<const size_t> clusters, const PairedTestOptions& options) {
  if (a.size() != b.size()) return Fail(ErrorCode::kInvalidArgument, "paired test: not the same queries");
  SL_RETURN_IF_ERROR(CheckArguments(a.size(), clusters.size(), options.bootstrap));
  PairedComparison comparison;
  if (a.empty()) return comparison;
  std::vector<double> differences(a.size());
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    differences[i] = b[i] - a[i];
    sum += differences[i];
    comparison.better += differences[i] > 0 ? 1 : 0;
    comparison.worse += differences[i] < 0 ? 1 : 0;
  }
  comparison.difference = sum / static_cast<double>(a.size());
  const std::vector<ClusterSum> sums = SumByCluster(differences, clusters);
  comparison.interval = BootstrapClusters(sums, options.bootstrap);
  comparison.p_value = SignFlipPValue(sums, options);
  return comparison;
}

}  // namespace sightline::eval
