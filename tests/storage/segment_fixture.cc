// SPDX-License-Identifier: BSD-3-Clause
#include "tests/storage/segment_fixture.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/support/test_support.h"

namespace sightline::storage::testing {
namespace {

void Normalize(std::span<float> values) {
  double sum = 0;
  for (float x : values) sum += static_cast<double>(x) * x;
  for (float& x : values) x = static_cast<float>(x / std::sqrt(sum));
}

std::vector<float> Gaussian(std::mt19937_64& random, size_t count) {
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& x : values) x = normal(random);
  return values;
}

}  // namespace

void UseOneThread() { omp_set_num_threads(1); }

void TestRows::Read(size_t begin, size_t count, float* out) const {
  std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(begin * width), count * width, out);
}

TestRows MakeRows(size_t count, size_t dim, uint64_t seed, size_t centres) {
  std::mt19937_64 random(seed);
  std::vector<float> centre_values = Gaussian(random, centres * dim);
  for (size_t i = 0; i < centre_values.size(); ++i) {
    centre_values[i] /= std::sqrt(1.0f + static_cast<float>(i % dim) / 8);
  }
  TestRows rows;
  rows.width = dim;
  rows.values.resize(count * dim);
  for (size_t row = 0; row < count; ++row) {
    const size_t centre = random() % centres;
    const std::vector<float> noise = Gaussian(random, dim);
    const std::span<float> values = std::span(rows.values).subspan(row * dim, dim);
    for (size_t i = 0; i < dim; ++i) {
      values[i] = centre_values[centre * dim + i] + 0.7f * noise[i] / std::sqrt(1.0f + static_cast<float>(i) / 8);
    }
    Normalize(values);
    rows.info.push_back({UnitId{10 * (row + 1)}, ItemId{row + 1}, 0, UnitType::kImage, false});
  }
  return rows;
}

TestRows MakeRowsWithFrames(size_t units, size_t dim, size_t frames, uint64_t seed) {
  TestRows rows = MakeRows(units * (frames + 1), dim, seed);
  for (size_t row = 0; row < rows.info.size(); ++row) {
    const size_t unit = row / (frames + 1);
    const size_t frame = row % (frames + 1);
    rows.info[row] = {UnitId{10 * (unit + 1)}, ItemId{unit / 2 + 1}, frame == 0 ? 0 : static_cast<int64_t>(1000 * row),
                      UnitType::kClip, frame != 0};
  }
  return rows;
}

std::vector<std::vector<float>> MakeQueries(const TestRows& rows, size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> offset = Gaussian(random, rows.width);
  Normalize(offset);
  std::vector<std::vector<float>> queries;
  for (size_t i = 0; i < count; ++i) {
    const std::span<const float> row = rows.row(random() % rows.rows());
    const std::vector<float> noise = Gaussian(random, rows.width);
    std::vector<float> query(rows.width);
    for (size_t j = 0; j < rows.width; ++j) {
      query[j] = row[j] + 0.5f * offset[j] + 0.5f * noise[j] / std::sqrt(static_cast<float>(rows.width));
    }
    Normalize(query);
    queries.push_back(std::move(query));
  }
  return queries;
}

std::vector<uint32_t> BestRows(const TestRows& rows, std::span<const float> query, size_t count,
                               const std::function<bool(uint32_t)>& allows) {
  std::vector<std::pair<double, uint32_t>> scored;
  for (uint32_t row = 0; row < rows.rows(); ++row) {
    if (allows && !allows(row)) continue;
    double score = 0;
    for (size_t i = 0; i < rows.width; ++i) score += static_cast<double>(query[i]) * rows.row(row)[i];
    scored.emplace_back(-score, row);
  }
  std::sort(scored.begin(), scored.end());
  std::vector<uint32_t> best;
  for (size_t i = 0; i < std::min(count, scored.size()); ++i) best.push_back(scored[i].second);
  return best;
}

double RecallAt10(const SealedSegment& segment, const TestRows& rows, const std::vector<std::vector<float>>& queries,
                  SegmentSearch search, const std::function<bool(uint32_t)>& allows) {
  const FunctionSelector selector(allows);
  if (allows) search.selector = &selector;
  search.fetch = 10;
  size_t found = 0;
  size_t wanted = 0;
  std::vector<RowHit> hits;
  for (const std::vector<float>& query : queries) {
    EXPECT_THAT(segment.Search(query, search, hits), sightline::testing::IsOk());
    const std::vector<uint32_t> best = BestRows(rows, query, 10, allows);
    wanted += best.size();
    for (const RowHit& hit : hits) found += static_cast<size_t>(std::count(best.begin(), best.end(), hit.row));
  }
  return static_cast<double>(found) / static_cast<double>(wanted);
}

}  // namespace sightline::storage::testing
