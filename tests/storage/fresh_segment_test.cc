// SPDX-License-Identifier: BSD-3-Clause
#include "storage/fresh_segment.h"

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "tests/storage/sample_records.h"
#include "tests/support/memory_collection.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::RandomEmbedding;
using ::testing::SizeIs;

constexpr uint32_t kDim = 8;

UnitRecord MakeUnit(uint64_t id, uint64_t seed, size_t vectors = 1) {
  UnitRecord unit{.id = UnitId{id}, .item = ItemId{id}, .type = UnitType::kImage, .range = {}, .vectors = {}};
  for (size_t v = 0; v < vectors; ++v) {
    UnitVector vector{std::nullopt, RandomEmbedding(kDim, seed * 64 + v)};
    if (v > 0) vector.frame_time_us = static_cast<int64_t>(v);
    unit.vectors.push_back(std::move(vector));
  }
  return unit;
}

Result<std::vector<Neighbor>> Search(const IndexView& view, std::span<const float> query, size_t k) {
  return view.Search(query, {.k = k, .filter = nullptr, .limits = {}});
}

class FreshSegmentTest : public ::testing::Test {
 protected:
  FreshSegment index_{kDim, nullptr};
};

TEST_F(FreshSegmentTest, EmptyIndexFindsNothing) {
  EXPECT_THAT(*Search(*index_.View(), RandomEmbedding(kDim, 1), 3), IsEmpty());
  EXPECT_EQ(index_.View()->unit_count(), 0u);
}

TEST_F(FreshSegmentTest, UnitAcrossTheEndOfAChunkIsOneUnit) {
  const size_t rows = RowTable::RowsPerChunk(kDim);
  std::vector<UnitRecord> units;
  for (uint64_t id = 1; id <= rows / 3 + 2; ++id) units.push_back(MakeUnit(id, id, 3));  // 3 does not divide a chunk
  ASSERT_NE(rows % 3, 0u);
  ASSERT_THAT(index_.Apply(units, {}, Epoch{1}), IsOk());
  const auto view = index_.View();
  EXPECT_EQ(view->unit_count(), units.size());
  EXPECT_GT(view->vector_count(), rows);
  const auto all = Search(*view, RandomEmbedding(kDim, 5), 2 * units.size());
  EXPECT_THAT(*all, SizeIs(units.size()));
  for (const UnitRecord& unit : units) {
    for (const UnitVector& vector : unit.vectors) {
      const auto found = Search(*view, vector.embedding, 1);
      ASSERT_EQ((*found)[0].unit, unit.id);
      EXPECT_EQ((*found)[0].frame_time_us, vector.frame_time_us);
    }
  }
}

TEST_F(FreshSegmentTest, WrongLengthChangesNothing) {
  ASSERT_THAT(index_.Apply({{MakeUnit(1, 1)}}, {}, Epoch{1}), IsOk());
  std::vector<UnitRecord> bad = {MakeUnit(2, 2), MakeUnit(3, 3)};
  bad[1].vectors[0].embedding.push_back(0);
  EXPECT_THAT(index_.Apply(bad, {{UnitId{1}}}, Epoch{2}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_EQ(index_.View()->epoch(), Epoch{1});
  EXPECT_EQ(index_.View()->unit_count(), 1u);
}

TEST_F(FreshSegmentTest, UnknownUnitsAreIgnoredWhenRemoved) {
  ASSERT_THAT(index_.Apply({}, {{UnitId{7}, UnitId{8}}}, Epoch{4}), IsOk());
  EXPECT_EQ(index_.View()->epoch(), Epoch{4});
}

TEST_F(FreshSegmentTest, ViewsShareTheChunksThatDidNotChange) {
  const size_t rows = RowTable::RowsPerChunk(kDim);
  std::vector<UnitRecord> units;
  for (uint64_t id = 1; id <= 3 * rows; ++id) units.push_back(MakeUnit(id, id));
  ASSERT_THAT(index_.Apply(units, {}, Epoch{1}), IsOk());
  const RowTable before = index_.table();
  ASSERT_THAT(index_.Apply({{MakeUnit(9'999'999, 1)}}, {{UnitId{rows + 5}}}, Epoch{2}), IsOk());
  const RowTable after = index_.table();
  ASSERT_EQ(before.chunks.size(), 3u);
  ASSERT_EQ(after.chunks.size(), 4u);
  for (size_t c = 0; c < 3; ++c) EXPECT_EQ(before.chunks[c].chunk, after.chunks[c].chunk);
  EXPECT_EQ(before.chunks[1].dead, nullptr);
  EXPECT_TRUE(after.chunks[1].IsDead(4));
  EXPECT_EQ(after.chunks[0].dead, nullptr);
}

TEST_F(FreshSegmentTest, DeadRowsAreGivenBack) {
  const size_t rows = RowTable::RowsPerChunk(kDim);
  uint64_t epoch = 0;
  for (uint64_t round = 0; round < 40; ++round) {
    std::vector<UnitRecord> units;
    for (uint64_t id = 1; id <= rows; ++id) units.push_back(MakeUnit(id, id + round));
    ASSERT_THAT(index_.Apply(units, {}, Epoch{++epoch}), IsOk());
  }
  EXPECT_EQ(index_.View()->unit_count(), rows);
  EXPECT_LE(index_.table().chunks.size(), 8u);  // 40 without it
}

TEST_F(FreshSegmentTest, RandomHistoryEqualsASimpleMap) {
  std::mt19937_64 random(3);
  std::map<UnitId, UnitRecord> expected;
  for (uint64_t epoch = 1; epoch <= 400; ++epoch) {
    std::vector<UnitRecord> put;
    std::vector<UnitId> removed;
    for (uint64_t n = random() % 60; n > 0; --n) {
      const uint64_t id = 1 + random() % 500;
      if (random() % 2 == 0) {
        removed.push_back(UnitId{id});
      } else if (expected.count(UnitId{id}) == 0 || random() % 2 == 0) {
        put.push_back(MakeUnit(id, random(), 1 + random() % 4));
      }
    }
    ASSERT_THAT(index_.Apply(put, removed, Epoch{epoch}), IsOk());
    for (UnitId id : removed) expected.erase(id);
    for (const UnitRecord& unit : put) expected[unit.id] = unit;
    const auto view = index_.View();
    ASSERT_EQ(view->unit_count(), expected.size());
    if (epoch % 20 != 0) continue;
    for (const auto& [id, unit] : expected) {
      const auto found = Search(*view, unit.vectors.back().embedding, 1);
      ASSERT_EQ((*found)[0].unit, id) << "epoch " << epoch;
      ASSERT_NEAR((*found)[0].score, 1, 1e-5);
    }
  }
}

TEST_F(FreshSegmentTest, ReadersSeeWholeEpochsWhileTheWriterGoesOn) {
  // In every epoch e all units have the same vector, which names e: a search that mixed epochs would find two scores.
  constexpr uint64_t kUnits = 200;
  constexpr uint64_t kEpochs = 150;
  const auto write = [this](uint64_t epoch) {
    std::vector<UnitRecord> units;
    for (uint64_t id = 1; id <= kUnits; ++id) {
      units.push_back(MakeUnit(id, 1));
      units.back().vectors[0].embedding.assign(kDim, static_cast<float>(epoch));
    }
    return index_.Apply(units, {}, Epoch{epoch});
  };
  ASSERT_THAT(write(1), IsOk());
  std::atomic<bool> done{false};
  std::atomic<uint64_t> wrong{0}, searches{0};
  const auto read = [&] {
    const std::vector<float> query(kDim, 1);
    while (!done) {
      const auto view = index_.View();
      const auto found = Search(*view, query, kUnits + 1);
      const float expected = static_cast<float>(view->epoch().value) * kDim;
      if (!found || found->size() != kUnits || found->front().score != expected || found->back().score != expected) {
        ++wrong;
      }
      ++searches;
    }
  };
  {
    std::jthread first(read), second(read);
    for (uint64_t epoch = 2; epoch <= kEpochs; ++epoch) ASSERT_THAT(write(epoch), IsOk());
    done = true;
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(searches, 0u);
}

TEST_F(FreshSegmentTest, FilterErrorsComeFromTheRecords) {
  class FailingRecords : public RecordStore {
   public:
    Result<AllocatedIds> AllocateIds(uint64_t, uint64_t) override { return Failure(); }
    Result<Epoch> Commit(const WriteSet&) override { return Failure(); }
    Result<std::vector<std::optional<ItemRecord>>> GetItems(std::span<const ItemId>) const override {
      return Failure();
    }
    Result<std::vector<std::optional<UnitRecord>>> GetUnits(std::span<const UnitId>) const override {
      return Failure();
    }
    Result<std::vector<std::optional<TokenMatrix>>> GetTokens(std::span<const UnitId>) const override {
      return Failure();
    }
    Result<std::vector<std::optional<std::vector<std::byte>>>> GetThumbnails(std::span<const UnitId>) const override {
      return Failure();
    }
    Result<std::optional<ItemId>> FindItem(std::string_view) const override { return Failure(); }
    Result<std::optional<ItemId>> FindItem(const ContentHash&) const override { return Failure(); }

   private:
    static tl::unexpected<Error> Failure() { return Fail(ErrorCode::kUnavailable, "the disk is gone"); }
  };
  FreshSegment index(kDim, std::make_shared<const FailingRecords>());
  ASSERT_THAT(index.Apply({{MakeUnit(1, 1)}}, {}, Epoch{1}), IsOk());
  Filter filter;
  filter.must.push_back(ExistsCondition{"anything"});
  EXPECT_THAT(index.View()->Search(RandomEmbedding(kDim, 1), {.k = 1, .filter = &filter, .limits = {}}),
              testing::IsErrorWith(ErrorCode::kUnavailable, "the disk is gone"));
  Filter types;
  types.types = {UnitType::kImage};  // decided without metadata
  EXPECT_THAT(index.View()->Search(RandomEmbedding(kDim, 1), {.k = 1, .filter = &types, .limits = {}}), IsOk());
}

TEST(RowTableTest, ChunksStayNearOneMebibyte) {
  EXPECT_EQ(RowTable::RowsPerChunk(256), 1024u);
  EXPECT_EQ(RowTable::RowsPerChunk(65'536), 16u);
  EXPECT_LE(RowTable::RowsPerChunk(1), 4096u);
}

}  // namespace
}  // namespace sightline::storage
