// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/vector_data.h"

#include <cmath>

namespace sightline::bench {
namespace {

// Note [Generated vectors]
//
// A vector is a random centre of length 1 plus noise, normalised. Centres and noise have normal coordinates whose
// scales fall with the coordinate, so that few directions carry most of the variance, as in real embeddings. A query is
// another such point, normalised, plus one direction that is the same for all queries: the gap between the texts and
// the pictures of a two-tower model. It makes the neighbours of a query lie in other lists than its nearest centroids,
// which is what limits inverted lists for text queries.
//
// The numbers of VectorRecipe were chosen so that graphs and inverted lists reach what docs/PERFORMANCE.md states for
// them at 1 M vectors; they are synthetic all the same: speeds and ratios mean more than recall.

constexpr uint64_t kCentres = 1;
constexpr uint64_t kRows = 2;
constexpr uint64_t kQueries = 3;
constexpr uint64_t kOffset = 4;

/// SplitMix64, seeded with what it is for.
class Random {
 public:
  Random(uint64_t seed, uint64_t stream, uint64_t row) {
    state_ = seed;
    state_ = Next() + stream;
    state_ = Next() + row;
    state_ = Next();
  }

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  /// Close to normal: the sum of four uniform 16-bit numbers, mean 0, variance 1.
  float NextNormal() {
    const uint64_t bits = Next();
    const auto sum =
        static_cast<int32_t>((bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48));
    constexpr float kPerUnit = 1.0F / 37837.2F;  // The standard deviation: 65536 * sqrt(4 / 12).
    return static_cast<float>(sum - 131'070) * kPerUnit;
  }

 private:
  uint64_t state_;
};

void Normalise(float* values, size_t dim) {
  double squares = 0;
  for (size_t i = 0; i < dim; ++i) squares += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  const auto factor = static_cast<float>(1 / std::sqrt(squares));
  for (size_t i = 0; i < dim; ++i) values[i] *= factor;
}

}  // namespace

VectorData::VectorData(const VectorRecipe& recipe)
    : recipe_(recipe), scales_(recipe.dim), centres_(recipe.centres * recipe.dim), offset_(recipe.dim) {
  for (size_t i = 0; i < dim(); ++i) {
    scales_[i] = static_cast<float>(1 / (1 + static_cast<double>(i) / recipe.spectrum));
  }
  Normalise(scales_.data(), dim());
  for (uint32_t centre = 0; centre < recipe.centres; ++centre) {
    Random random(recipe.seed, kCentres, centre);
    float* values = centres_.data() + centre * dim();
    for (size_t i = 0; i < dim(); ++i) values[i] = random.NextNormal() * scales_[i];
    Normalise(values, dim());
  }
  Random random(recipe.seed, kOffset, 0);
  for (float& value : offset_) value = random.NextNormal();
  Normalise(offset_.data(), dim());
  for (float& value : offset_) value *= static_cast<float>(recipe.query_offset);
}

void VectorData::Point(uint64_t stream, uint64_t row, float* values) const {
  Random random(recipe_.seed, stream, row);
  const float* centre = centres_.data() + (random.Next() % recipe_.centres) * dim();
  const auto noise = static_cast<float>(recipe_.noise);
  for (size_t i = 0; i < dim(); ++i) values[i] = centre[i] + noise * (scales_[i] * random.NextNormal());
  Normalise(values, dim());
}

void VectorData::Rows(uint64_t begin, size_t count, float* values) const {
  for (size_t i = 0; i < count; ++i) Point(kRows, begin + i, values + i * dim());
}

void VectorData::Queries(uint64_t begin, size_t count, float* values) const {
  for (size_t i = 0; i < count; ++i) {
    float* query = values + i * dim();
    Point(kQueries, begin + i, query);
    for (size_t j = 0; j < dim(); ++j) query[j] += offset_[j];
    Normalise(query, dim());
  }
}

std::vector<float> VectorData::Rows(uint64_t begin, size_t count) const {
  std::vector<float> values(count * dim());
  Rows(begin, count, values.data());
  return values;
}

std::vector<float> VectorData::Queries(uint64_t begin, size_t count) const {
  std::vector<float> values(count * dim());
  Queries(begin, count, values.data());
  return values;
}

}  // namespace sightline::bench
