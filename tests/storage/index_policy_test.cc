// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index_policy.h"

#include <numeric>

#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using ::testing::ElementsAre;

/// A segment of which only the size is looked at.
class SizedSegment : public SealedSegment {
 public:
  explicit SizedSegment(size_t rows) : rows_(rows) {}
  Status Write(const std::filesystem::path&) const override { return {}; }
  IndexKind kind() const override { return IndexKind::kFlat; }
  const IndexOptions& options() const override { return options_; }
  size_t dim() const override { return 1; }
  size_t rows() const override { return rows_; }
  size_t units() const override { return rows_; }
  size_t memory_bytes() const override { return rows_; }
  RowInfo Info(uint32_t row) const override { return {UnitId{row + 1u}, ItemId{row + 1u}}; }
  std::pair<uint32_t, uint32_t> RowsOf(UnitId) const override { return {0, 0}; }
  void AppendRowsOf(ItemId, std::vector<uint32_t>&) const override {}
  Status Search(std::span<const float>, const SegmentSearch&, std::vector<RowHit>&, SegmentStats*) const override {
    return {};
  }
  void Score(std::span<const float>, std::span<const uint32_t>, float*) const override {}
  void Read(size_t, size_t, float*) const override {}

 private:
  const IndexOptions options_{};
  const size_t rows_;
};

class IndexPolicyTest : public ::testing::Test {
 protected:
  void AddSegment(size_t rows, size_t dead = 0) {
    auto slot = std::make_shared<SegmentSlot>();
    slot->number = state_.slots.size() + 1;
    slot->segment = std::make_shared<SizedSegment>(rows);
    slot->dead = DeadRows(rows);
    std::vector<uint32_t> dead_rows(dead);
    std::iota(dead_rows.begin(), dead_rows.end(), 0u);
    slot->dead.Add(dead_rows);
    slot->dead_units = dead;
    state_.slots.push_back(slot);
  }
  void SetFresh(size_t rows) {
    RowTable table;
    table.live_rows = rows;
    state_.fresh = std::make_shared<RowTable>(table);
  }
  void SetUp() override {
    state_.options = {.kind = IndexKind::kHnsw, .exact_limit = 1000, .seal_rows = 100};
    SetFresh(0);
  }

  IndexState state_;
};

TEST_F(IndexPolicyTest, NothingIsDueAtFirst) { EXPECT_FALSE(NextTask(state_, 0)); }

TEST_F(IndexPolicyTest, EnoughFreshRowsAreSealed) {
  SetFresh(99);
  EXPECT_FALSE(NextTask(state_, 99));
  SetFresh(100);
  EXPECT_TRUE(NextTask(state_, 100)->seal);
}

TEST_F(IndexPolicyTest, AutoSealsNothingUpToItsLimit) {
  state_.options.kind = IndexKind::kAuto;
  SetFresh(1000);
  EXPECT_FALSE(NextTask(state_, 1000));
  EXPECT_FALSE(MaySeal(state_));
  SetFresh(1001);
  EXPECT_TRUE(NextTask(state_, 1001)->seal);
  AddSegment(1001);  // From now on by seal_rows.
  SetFresh(99);
  EXPECT_FALSE(NextTask(state_, 99));
  SetFresh(100);
  EXPECT_TRUE(NextTask(state_, 100)->seal);
}

TEST_F(IndexPolicyTest, RowsThatWereSetAsideAreSealedFirst) {
  state_.frozen = std::make_shared<RowTable>();
  for (int i = 0; i < 4; ++i) AddSegment(100);
  EXPECT_TRUE(NextTask(state_, 0)->seal);
}

TEST_F(IndexPolicyTest, LongChangeLogIsSealedOnceThereAreSegments) {
  EXPECT_FALSE(NextTask(state_, 401));
  AddSegment(100);
  EXPECT_FALSE(NextTask(state_, 400));
  EXPECT_TRUE(NextTask(state_, 401)->seal);
}

TEST_F(IndexPolicyTest, FourSegmentsOfOneTierAreMerged) {
  AddSegment(5000);
  for (int i = 0; i < 3; ++i) AddSegment(100 + 90 * static_cast<size_t>(i));
  EXPECT_FALSE(NextTask(state_, 0));
  AddSegment(399);
  const auto task = NextTask(state_, 0);
  EXPECT_FALSE(task->seal);
  EXPECT_THAT(task->numbers, ElementsAre(2u, 3u, 4u, 5u));
}

TEST_F(IndexPolicyTest, SegmentsOfDifferentTiersStay) {
  for (size_t rows : {100u, 300u, 400u, 1599u, 1600u, 6399u, 6400u, 25'600u}) AddSegment(rows);
  EXPECT_FALSE(NextTask(state_, 0));
}

TEST_F(IndexPolicyTest, SegmentWithManyDeadRowsIsMadeAnew) {
  AddSegment(1000);
  AddSegment(1000, 200);
  EXPECT_FALSE(NextTask(state_, 0));
  AddSegment(1000, 201);
  EXPECT_THAT(NextTask(state_, 0)->numbers, ElementsAre(3u));
}

TEST_F(IndexPolicyTest, SegmentsAreOfTheKindAskedFor) {
  EXPECT_EQ(OptionsForSegment(state_.options, 10).kind, IndexKind::kHnsw);
  state_.options.kind = IndexKind::kAuto;
  EXPECT_EQ(OptionsForSegment(state_.options, 100).kind, IndexKind::kFlat);
  EXPECT_NE(OptionsForSegment(state_.options, 1'000'000).kind, IndexKind::kAuto);
  EXPECT_NE(OptionsForSegment(state_.options, 1'000'000).kind, IndexKind::kFlat);
}

TEST_F(IndexPolicyTest, FastScanPutsRowsIntoTwoListsWhetherForcedOrChosen) {
  for (const IndexKind kind : {IndexKind::kAuto, IndexKind::kIvfPqFastScan}) {
    state_.options.kind = kind;
    EXPECT_TRUE(OptionsForSegment(state_.options, 100'000).two_lists) << NameOf(kind);
  }
  state_.options.kind = IndexKind::kIvfPq;
  EXPECT_FALSE(OptionsForSegment(state_.options, 100'000).two_lists);
}

}  // namespace
}  // namespace sightline::storage
