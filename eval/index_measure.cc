// SPDX-License-Identifier: BSD-3-Clause
#include "eval/index_measure.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace sightline::eval {
namespace {

// Both sides are cosines in fp32, added up in another order.
constexpr float kSameScore = 1e-5F;

double At(const std::vector<double>& sorted, double share) {
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

// The share of the nearest units that were found; units with equal scores stand for each other.
double RecallOf(const std::vector<storage::Neighbor>& found, const std::vector<float>& truth) {
  if (truth.empty()) return 1;
  const auto right = std::count_if(found.begin(), found.end(), [&truth](const storage::Neighbor& neighbor) {
    return neighbor.score >= truth.back() - kSameScore;
  });
  return std::min(1.0, static_cast<double>(right) / static_cast<double>(truth.size()));
}

double StandardError(const std::vector<double>& values, double mean) {
  if (values.size() < 2) return 0;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const auto count = static_cast<double>(values.size());
  return std::sqrt(squares / (count - 1) / count);
}

}  // namespace

SearchTimes SearchTimesOf(std::vector<double> ms) {
  if (ms.empty()) return {};
  std::sort(ms.begin(), ms.end());
  return {.median_ms = At(ms, 0.5), .p95_ms = At(ms, 0.95)};
}

IndexMeter::IndexMeter(std::shared_ptr<const storage::IndexView> view, const TuningQueries& queries,
                       const ExactScores& truth, size_t k, const Limits& limits)
    : view_(std::move(view)), queries_(queries), truth_(truth), k_(k), limits_(limits) {
  filter_.types = queries.types;
}

Result<IndexMeasure> IndexMeter::Measure(const storage::SearchParameters& parameters,
                                         std::span<const size_t> queries) const {
  IndexMeasure measure{.parameters = parameters, .times = {}};
  const storage::SearchOptions options = {
      .k = k_, .filter = filter_.types.empty() ? nullptr : &filter_, .limits = limits_, .parameters = parameters};
  std::vector<double> recalls;
  std::vector<double> ms;
  for (const size_t query : queries) {
    storage::SearchStats stats;
    const auto start = std::chrono::steady_clock::now();
    SL_ASSIGN_OR_RETURN(const auto found, view_->Search(queries_.queries[query].vector, options, &stats));
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    recalls.push_back(RecallOf(found, truth_[query]));
    measure.vectors += static_cast<double>(stats.vectors_scanned);
    measure.rows += static_cast<double>(stats.rows_scored);
  }
  const auto count = static_cast<double>(std::max<size_t>(1, queries.size()));
  for (const double recall : recalls) measure.recall += recall / count;
  measure.standard_error = StandardError(recalls, measure.recall);
  measure.vectors /= count;
  measure.rows /= count;
  measure.times = SearchTimesOf(std::move(ms));
  return measure;
}

}  // namespace sightline::eval
