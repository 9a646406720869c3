// SPDX-License-Identifier: BSD-3-Clause
#include "eval/reliability.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace sightline::eval {
namespace {

constexpr double kLeastProbability = 1e-12;

std::vector<ScoredHit> InOrder(std::span<const ScoredHit> hits) {
  std::vector<ScoredHit> sorted(hits.begin(), hits.end());
  for (const ScoredHit& hit : sorted) SL_CHECK(hit.probability >= 0 && hit.probability <= 1);
  std::sort(sorted.begin(), sorted.end(),
            [](const ScoredHit& a, const ScoredHit& b) { return a.probability < b.probability; });
  return sorted;
}

ReliabilityBin BinOf(std::span<const ScoredHit> hits) {
  ReliabilityBin bin{.count = hits.size()};
  for (const ScoredHit& hit : hits) {
    bin.mean_probability += hit.probability;
    bin.accuracy += hit.right ? 1 : 0;
  }
  bin.mean_probability /= static_cast<double>(hits.size());
  bin.accuracy /= static_cast<double>(hits.size());
  return bin;
}

template <typename ErrorOfBin>
double MeanOverHits(std::span<const ReliabilityBin> bins, ErrorOfBin error_of) {
  double sum = 0;
  size_t hits = 0;
  for (const ReliabilityBin& bin : bins) {
    sum += static_cast<double>(bin.count) * error_of(bin);
    hits += bin.count;
  }
  return hits == 0 ? 0 : sum / static_cast<double>(hits);
}

}  // namespace

std::vector<ReliabilityBin> EqualMassBins(std::span<const ScoredHit> hits, size_t bins) {
  const std::vector<ScoredHit> sorted = InOrder(hits);
  std::vector<ReliabilityBin> out;
  size_t begin = 0;
  for (size_t i = 1; i <= bins; ++i) {
    size_t end = sorted.size() * i / bins;
    if (end <= begin) continue;
    while (end < sorted.size() && sorted[end].probability == sorted[end - 1].probability) ++end;
    out.push_back(BinOf(std::span(sorted).subspan(begin, end - begin)));
    begin = end;
  }
  return out;
}

double ExpectedCalibrationError(std::span<const ReliabilityBin> bins) {
  return MeanOverHits(bins, [](const ReliabilityBin& bin) { return std::abs(bin.accuracy - bin.mean_probability); });
}

double ChanceCalibrationError(std::span<const ReliabilityBin> bins) {
  return MeanOverHits(bins, [](const ReliabilityBin& bin) {
    const double variance = bin.mean_probability * (1 - bin.mean_probability) / static_cast<double>(bin.count);
    return std::sqrt(2 / std::numbers::pi * std::max(variance, 0.0));
  });
}

double LogLoss(std::span<const ScoredHit> hits) {
  if (hits.empty()) return 0;
  double sum = 0;
  for (const ScoredHit& hit : hits) {
    const double of_truth = hit.right ? hit.probability : 1 - hit.probability;
    sum -= std::log(std::clamp(of_truth, kLeastProbability, 1 - kLeastProbability));
  }
  return sum / static_cast<double>(hits.size());
}

ThresholdFigures FiguresAt(std::span<const ScoredHit> hits, double min_match, size_t findable) {
  ThresholdFigures figures{.min_match = min_match};
  for (const ScoredHit& hit : hits) {
    if (hit.probability < min_match) continue;
    ++figures.shown;
    figures.right += hit.right ? 1 : 0;
  }
  const auto right = static_cast<double>(figures.right);
  if (figures.shown > 0) figures.precision = right / static_cast<double>(figures.shown);
  if (findable > 0) figures.recall = right / static_cast<double>(findable);
  return figures;
}

}  // namespace sightline::eval
