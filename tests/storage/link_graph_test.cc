// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <random>

#include "storage/segment/sealed_segment.h"
#include "tests/storage/segment_fixture.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using sightline::testing::IsOk;
using sightline::testing::ReadTestFile;
using sightline::testing::TempDir;
using testing::MakeRows;
using testing::RecallAt10;
using testing::TestRows;

constexpr size_t kDim = 64;
constexpr size_t kRows = 20'000;
constexpr size_t kMembers = 150;

using Vectors = std::vector<std::vector<float>>;

void Normalize(std::span<float> values) {
  double sum = 0;
  for (float x : values) sum += static_cast<double>(x) * x;
  for (float& x : values) x = static_cast<float>(x / std::sqrt(sum));
}

std::vector<float> RandomUnit(std::mt19937_64& random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(kDim);
  for (float& x : values) x = normal(random);
  Normalize(values);
  return values;
}

/// A unit vector whose inner product with `centre` is about `cosine`.
std::vector<float> Near(const std::vector<float>& centre, float cosine, std::mt19937_64& random) {
  std::vector<float> values = RandomUnit(random);
  for (size_t i = 0; i < kDim; ++i) values[i] = cosine * centre[i] + std::sqrt(1 - cosine * cosine) * values[i];
  Normalize(values);
  return values;
}

/// Rows of many loose clusters, which the last kOwn coordinates are empty in, and in their middle two clusters of
/// kMembers rows each with centres in these coordinates.
struct ClusteredRows {
  static constexpr size_t kOwn = 16;

  /// @param tightness  Cosine of a member and its centre.
  explicit ClusteredRows(float tightness) : rows(MakeRows(kRows, kDim, 1)) {
    for (size_t row = 0; row < kRows; ++row) {
      const std::span<float> values = std::span(rows.values).subspan(row * kDim, kDim);
      std::fill(values.end() - kOwn, values.end(), 0.0f);
      Normalize(values);
    }
    auto out = rows.values.begin() + kRows / 2 * kDim;
    for (std::vector<float>& centre : centres) {
      centre = RandomUnit(random);
      std::fill(centre.begin(), centre.end() - kOwn, 0.0f);
      Normalize(centre);
      for (size_t i = 0; i < kMembers; ++i) {
        const std::vector<float> member = Near(centre, tightness, random);
        out = std::copy(member.begin(), member.end(), out);
      }
    }
  }

  /// Set off from the members, as texts are from pictures.
  Vectors Queries(float cosine_to_centre) {
    Vectors queries;
    for (const std::vector<float>& centre : centres) {
      for (int i = 0; i < 50; ++i) queries.push_back(Near(centre, cosine_to_centre, random));
    }
    return queries;
  }

  std::mt19937_64 random{7};
  TestRows rows;
  Vectors centres{2};
};

class LinkGraphTest : public ::testing::Test {
 protected:
  LinkGraphTest() { testing::UseOneThread(); }

  static std::shared_ptr<const SealedSegment> Build(const TestRows& rows) {
    auto built = SealedSegment::Build(rows, {.options = {.kind = IndexKind::kHnsw}});
    EXPECT_THAT(built, IsOk());
    return built ? *built : nullptr;
  }
};

TEST_F(LinkGraphTest, SmallClustersApartFromAllOtherRowsAreFound) {
  for (const float tightness : {0.6f, 0.9f}) {
    ClusteredRows clustered(tightness);
    const Vectors queries = clustered.Queries(0.55f);
    EXPECT_GE(RecallAt10(*Build(clustered.rows), clustered.rows, queries), 0.95) << tightness;
  }
}

TEST_F(LinkGraphTest, MembersOfSmallClustersFindThemselves) {
  const ClusteredRows clustered(0.9f);
  const auto segment = Build(clustered.rows);
  std::vector<RowHit> hits;
  size_t found = 0;
  for (uint32_t row = kRows / 2; row < kRows / 2 + 2 * kMembers; ++row) {
    ASSERT_THAT(segment->Search(clustered.rows.row(row), {.fetch = 10}, hits), IsOk());
    found += hits[0].row == row;
  }
  EXPECT_GE(found, 2 * kMembers * 99 / 100);
}

TEST_F(LinkGraphTest, EqualRowsMakeEqualGraphs) {
  const TempDir folder;
  const TestRows rows = MakeRows(5'000, kDim, 1);
  ASSERT_THAT(Build(rows)->Write(folder / "1.seg"), IsOk());
  ASSERT_THAT(Build(rows)->Write(folder / "2.seg"), IsOk());
  EXPECT_EQ(ReadTestFile(folder / "1.seg"), ReadTestFile(folder / "2.seg"));
}

}  // namespace
}  // namespace sightline::storage
