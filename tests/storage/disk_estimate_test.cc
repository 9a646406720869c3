// SPDX-License-Identifier: BSD-3-Clause
// The size of sealed segments that is told beforehand, against the files that are made.
#include "storage/disk_estimate.h"

#include <random>

#include "storage/collection.h"
#include "tests/storage/sample_records.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using testing::IsOk;
using testing::Sample;
using testing::TempDir;

constexpr uint32_t kDim = 64;

struct EstimateCase {
  const char* name;
  IndexOptions options;
  size_t vectors_per_unit = 1;
};

class SegmentEstimateTest : public ::testing::TestWithParam<EstimateCase> {};

IndexOptions Of(IndexKind kind, RowFormat rows = RowFormat::kInt8) {
  return {.kind = kind, .rows = rows, .exact_limit = 1000, .seal_rows = 1000};
}

INSTANTIATE_TEST_SUITE_P(Kinds, SegmentEstimateTest,
                         ::testing::Values(EstimateCase{"flat", Of(IndexKind::kFlat)},
                                           EstimateCase{"flat_fp16", Of(IndexKind::kFlat, RowFormat::kFp16)},
                                           EstimateCase{"flat_frames", Of(IndexKind::kFlat), 4},
                                           EstimateCase{"ivfpq", Of(IndexKind::kIvfPq)},
                                           EstimateCase{"ivfpq_fastscan", Of(IndexKind::kIvfPqFastScan)},
                                           EstimateCase{"hnsw", Of(IndexKind::kHnsw)},
                                           EstimateCase{"auto", Of(IndexKind::kAuto)}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_P(SegmentEstimateTest, IsWithinTenPerCentOfTheFiles) {
  const TempDir folder;
  const auto made = Collection::Create(folder / "c", {"none", "", kDim, PatchStorage::kNone}, GetParam().options);
  ASSERT_THAT(made, IsOk());
  constexpr size_t kVectors = 4000;
  std::vector<Sample> samples;
  for (size_t i = 0; i < kVectors / GetParam().vectors_per_unit; ++i) {
    samples.push_back(testing::MakeSample(**made, "/p/" + std::to_string(i), i + 1, GetParam().vectors_per_unit));
  }
  ASSERT_THAT((*made)->Commit(testing::Put(samples)), IsOk());
  ASSERT_THAT((*made)->WaitForBackground(), IsOk());
  const auto stats = (*made)->Stats();
  ASSERT_THAT(stats, IsOk());
  double bytes = 0;
  uint64_t sealed = 0;
  for (const SegmentStatus& segment : stats->index.segments) {
    bytes += static_cast<double>(segment.disk_bytes);
    sealed += segment.rows;
  }
  ASSERT_EQ(sealed, kVectors);
  const double estimate =
      static_cast<double>(EstimateSegmentBytes(GetParam().options, stats->units, stats->vectors, kDim));
  EXPECT_NEAR(estimate / bytes, 1, 0.1) << estimate << " bytes estimated, " << bytes << " used";
}

TEST(SegmentEstimateLimitsTest, NothingIsSealedBelowTheLimits) {
  EXPECT_EQ(EstimateSegmentBytes({}, 199'000, 199'000, kDim), 0u);
  EXPECT_GT(EstimateSegmentBytes({}, 201'000, 201'000, kDim), 0u);
  EXPECT_EQ(EstimateSegmentBytes(Of(IndexKind::kHnsw), 999, 999, kDim), 0u);
  EXPECT_EQ(EstimateSegmentBytes(Of(IndexKind::kHnsw), 0, 0, kDim), 0u);
}

}  // namespace
}  // namespace sightline::storage
