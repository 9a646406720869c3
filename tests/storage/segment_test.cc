// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/sealed_segment.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "tests/storage/segment_fixture.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using sightline::testing::IsError;
using sightline::testing::IsOk;
using sightline::testing::TempDir;
using testing::BestRows;
using ::testing::ElementsAre;
using testing::FunctionSelector;
using ::testing::IsEmpty;
using testing::MakeQueries;
using testing::MakeRows;
using testing::MakeRowsWithFrames;
using testing::RecallAt10;
using testing::TestRows;

std::shared_ptr<const SealedSegment> Build(const TestRows& rows, const IndexOptions& options) {
  auto built = SealedSegment::Build(rows, {.options = options});
  EXPECT_THAT(built, IsOk());
  return built ? *built : nullptr;
}

/// What every kind must do.
class SegmentKindTest : public ::testing::TestWithParam<IndexOptions> {
 protected:
  SegmentKindTest() { testing::UseOneThread(); }
};

std::string NameOfOptions(const ::testing::TestParamInfo<IndexOptions>& info) {
  std::string name(NameOf(info.param.kind));
  name.append("_").append(NameOf(info.param.rows));
  if (info.param.opq) name += "_opq";
  if (info.param.two_lists) name += "_two_lists";
  return name;
}

TEST_P(SegmentKindTest, FindsNearlyAllOfTheBestRows) {
  const TestRows rows = MakeRows(20'000, 64, 1);
  const auto queries = MakeQueries(rows, 50, 2);
  EXPECT_GE(RecallAt10(*Build(rows, GetParam()), rows, queries), 0.95);
}

TEST_P(SegmentKindTest, HitsAreInOrderAndNoneComesTwice) {
  const TestRows rows = MakeRows(5'000, 64, 1);
  const auto segment = Build(rows, GetParam());
  std::vector<RowHit> hits;
  for (const auto& query : MakeQueries(rows, 20, 2)) {
    SegmentStats stats;
    ASSERT_THAT(segment->Search(query, {.fetch = 50}, hits, &stats), IsOk());
    ASSERT_EQ(hits.size(), 50u);
    std::set<uint32_t> seen;
    for (size_t i = 0; i < hits.size(); ++i) {
      EXPECT_TRUE(seen.insert(hits[i].row).second);
      EXPECT_LT(hits[i].row, rows.rows());
      EXPECT_GE(hits[i == 0 ? 0 : i - 1].score, hits[i].score);
      float score = 0;
      segment->Score(query, std::vector{hits[i].row}, &score);
      EXPECT_EQ(score, hits[i].score);
    }
    EXPECT_GE(stats.rows_scored, 50u);
  }
}

TEST_P(SegmentKindTest, SelectorIsExactAndRecallHoldsUnderIt) {
  const TestRows rows = MakeRows(20'000, 64, 1);
  const auto segment = Build(rows, GetParam());
  const auto queries = MakeQueries(rows, 30, 2);
  for (const uint32_t one_in : {2u, 10u, 50u}) {
    const auto allows = [one_in](uint32_t row) { return row % one_in == 1; };
    const FunctionSelector selector(allows);
    const SegmentSearch search{.fetch = 10, .selector = &selector, .pass_share = 1.0f / static_cast<float>(one_in)};
    std::vector<RowHit> hits;
    for (const auto& query : queries) {
      ASSERT_THAT(segment->Search(query, search, hits), IsOk());
      EXPECT_EQ(hits.size(), 10u);
      for (const RowHit& hit : hits) EXPECT_TRUE(allows(hit.row));
    }
    EXPECT_GE(RecallAt10(*segment, rows, queries, search, allows), 0.93) << "1 in " << one_in;
  }
}

TEST_P(SegmentKindTest, SelectorThatAllowsFewFindsThemAll) {
  const TestRows rows = MakeRows(5'000, 64, 1);
  const auto segment = Build(rows, GetParam());
  const FunctionSelector few([](uint32_t row) { return row == 17 || row == 4'999; });
  const FunctionSelector none([](uint32_t) { return false; });
  std::vector<RowHit> hits;
  for (const auto& query : MakeQueries(rows, 5, 2)) {
    ASSERT_THAT(segment->Search(query, {.fetch = 10, .selector = &few, .pass_share = 2.0f / 5'000}, hits), IsOk());
    std::set<uint32_t> found;
    for (const RowHit& hit : hits) found.insert(hit.row);
    EXPECT_THAT(found, ElementsAre(17, 4'999));
    ASSERT_THAT(segment->Search(query, {.fetch = 10, .selector = &none, .pass_share = 0}, hits), IsOk());
    EXPECT_THAT(hits, IsEmpty());
  }
}

TEST_P(SegmentKindTest, LoadedSegmentAnswersAsTheBuiltOne) {
  const TempDir folder;
  const TestRows rows = MakeRowsWithFrames(1'000, 64, 3, 1);
  const auto built = Build(rows, GetParam());
  ASSERT_THAT(built->Write(folder / "1.seg"), IsOk());
  const auto loaded = SealedSegment::Load(folder / "1.seg");
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ((*loaded)->kind(), built->kind());
  EXPECT_EQ((*loaded)->options(), built->options());
  EXPECT_EQ((*loaded)->dim(), 64u);
  EXPECT_EQ((*loaded)->rows(), 4'000u);
  EXPECT_EQ((*loaded)->units(), 1'000u);
  EXPECT_EQ((*loaded)->memory_bytes(), built->memory_bytes());
  std::vector<RowHit> hits, loaded_hits;
  for (const auto& query : MakeQueries(rows, 20, 2)) {
    ASSERT_THAT(built->Search(query, {.fetch = 20}, hits), IsOk());
    ASSERT_THAT((*loaded)->Search(query, {.fetch = 20}, loaded_hits), IsOk());
    ASSERT_EQ(hits.size(), loaded_hits.size());
    for (size_t i = 0; i < hits.size(); ++i) {
      EXPECT_EQ(hits[i].row, loaded_hits[i].row);
      EXPECT_EQ(hits[i].score, loaded_hits[i].score);
    }
  }
  for (uint32_t row = 0; row < 4'000; row += 7) {
    const RowInfo info = (*loaded)->Info(row);
    EXPECT_EQ(info.unit, rows.info[row].unit);
    EXPECT_EQ(info.item, rows.info[row].item);
    EXPECT_EQ(info.frame_time_us, rows.info[row].frame_time_us);
    EXPECT_EQ(info.is_frame, rows.info[row].is_frame);
    EXPECT_EQ(info.type, UnitType::kClip);
  }
  ASSERT_THAT((*loaded)->Write(folder / "2.seg"), IsOk());
  EXPECT_EQ(sightline::testing::ReadTestFile(folder / "1.seg"), sightline::testing::ReadTestFile(folder / "2.seg"));
}

TEST_P(SegmentKindTest, SmallAndOddSegmentsWork) {
  ::testing::internal::CaptureStderr();
  for (const size_t dim : {1, 3, 20, 33, 100}) {
    for (const size_t count : {0, 1, 2, 17, 300, 700}) {
      const TestRows rows = MakeRows(count, dim, count + dim, 3);
      const auto segment = Build(rows, GetParam());
      ASSERT_EQ(segment->rows(), count);
      std::vector<RowHit> hits;
      const std::vector<float> query = count == 0 ? std::vector<float>(dim, 1.0f) : MakeQueries(rows, 1, 2)[0];
      ASSERT_THAT(segment->Search(query, {.fetch = 1'000}, hits), IsOk());
      EXPECT_EQ(hits.size(), count);
      ASSERT_THAT(segment->Search(query, {.fetch = 3}, hits), IsOk()) << dim << " x " << count;
      ASSERT_EQ(hits.size(), std::min<size_t>(count, 3));
      ASSERT_THAT(segment->Search(std::vector<float>(dim), {.fetch = 3}, hits), IsOk());
      EXPECT_EQ(hits.size(), std::min<size_t>(count, 3));
    }
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_P(SegmentKindTest, EqualRowsAreAllThere) {
  TestRows rows = MakeRows(3'000, 32, 1);
  for (size_t row = 0; row < rows.rows(); ++row) {
    std::copy_n(rows.values.begin(), 32, rows.values.begin() + static_cast<std::ptrdiff_t>(row * 32));
  }
  const auto segment = Build(rows, GetParam());
  std::vector<RowHit> hits;
  ASSERT_THAT(segment->Search(rows.row(0), {.fetch = 10}, hits), IsOk());
  ASSERT_EQ(hits.size(), 10u);
  for (const RowHit& hit : hits) EXPECT_EQ(hit.score, hits[0].score);
}

TEST_P(SegmentKindTest, StaysWithinTheMemoryOfTheTargets) {
  // 0.35 of the 1,296 bytes per vector that HNSW32 takes over fp32 vectors of 256 values.
  const TestRows rows = MakeRows(10'000, 256, 1);
  const auto segment = Build(rows, GetParam());
  const double limit = GetParam().rows == RowFormat::kInt8 ? 453 : 453 + 256;
  EXPECT_LE(static_cast<double>(segment->memory_bytes()) / 10'000, limit);
}

TEST_P(SegmentKindTest, BuildPausesAndStopsWhenToldTo) {
  const TestRows rows = MakeRows(6'000, 16, 1);
  int pauses = 0;
  const SegmentPlan count_pauses{.options = GetParam(), .pause = [&pauses]() -> Status {
                                   ++pauses;
                                   return {};
                                 }};
  ASSERT_THAT(SealedSegment::Build(rows, count_pauses), IsOk());
  EXPECT_GE(pauses, 2);
  for (int stop_at = 1; stop_at <= pauses; stop_at += std::max(1, pauses / 3)) {
    int left = stop_at;
    const SegmentPlan stop{.options = GetParam(), .pause = [&left]() -> Status {
                             if (--left > 0) return {};
                             return Fail(ErrorCode::kCancelled, "stop");
                           }};
    EXPECT_THAT(SealedSegment::Build(rows, stop), IsError(ErrorCode::kCancelled));
  }
}

TEST_P(SegmentKindTest, StopAndDeadlineEndASearch) {
  const TestRows rows = MakeRows(1'000, 32, 1);
  const auto segment = Build(rows, GetParam());
  std::vector<RowHit> hits;
  std::stop_source stop;
  stop.request_stop();
  SegmentSearch search;
  search.limits.stop = stop.get_token();
  EXPECT_THAT(segment->Search(rows.row(0), search, hits), IsError(ErrorCode::kCancelled));
  search.limits = {.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1), .stop = {}};
  EXPECT_THAT(segment->Search(rows.row(0), search, hits), IsError(ErrorCode::kDeadlineExceeded));
}

INSTANTIATE_TEST_SUITE_P(Kinds, SegmentKindTest,
                         ::testing::Values(IndexOptions{.kind = IndexKind::kFlat},
                                           IndexOptions{.kind = IndexKind::kFlat, .rows = RowFormat::kFp16},
                                           IndexOptions{.kind = IndexKind::kHnsw},
                                           IndexOptions{.kind = IndexKind::kHnsw, .rows = RowFormat::kFp16},
                                           IndexOptions{.kind = IndexKind::kIvfPq},
                                           IndexOptions{.kind = IndexKind::kIvfPqFastScan},
                                           IndexOptions{.kind = IndexKind::kIvfPqFastScan, .two_lists = true},
                                           IndexOptions{.kind = IndexKind::kIvfPqFastScan, .opq = true}),
                         NameOfOptions);

TEST_P(SegmentKindTest, SearchesOnManyThreadsAnswerAsOne) {
  const TestRows rows = MakeRows(3'000, 32, 1);
  const auto segment = Build(rows, GetParam());
  const auto queries = MakeQueries(rows, 40, 2);
  std::vector<std::vector<RowHit>> expected(queries.size());
  for (size_t i = 0; i < queries.size(); ++i) ASSERT_THAT(segment->Search(queries[i], {}, expected[i]), IsOk());
  std::atomic<int> different = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        std::vector<RowHit> hits;
        for (int round = 0; round < 5; ++round) {
          for (size_t i = 0; i < queries.size(); ++i) {
            const auto is_same = [](const RowHit& a, const RowHit& b) { return a.row == b.row && a.score == b.score; };
            if (!segment->Search(queries[i], {}, hits) ||
                !std::equal(hits.begin(), hits.end(), expected[i].begin(), expected[i].end(), is_same)) {
              ++different;
            }
          }
        }
      });
    }
  }
  EXPECT_EQ(different, 0);
}

IndexOptions Flat() { return {.kind = IndexKind::kFlat}; }

TEST(SealedSegmentTest, UnitsAndItemsAreFound) {
  const TestRows rows =
      MakeRowsWithFrames(100, 8, 2, 1);  // unit u * 10 has rows 3 u - 3 .. 3 u - 1; two units per item
  const auto segment = Build(rows, Flat());
  EXPECT_EQ(segment->RowsOf(UnitId{10}), (std::pair{0u, 3u}));
  EXPECT_EQ(segment->RowsOf(UnitId{1'000}), (std::pair{297u, 300u}));
  for (const uint64_t absent : {uint64_t{0}, uint64_t{11}, uint64_t{1'001}, ~uint64_t{0}}) {
    const auto [first, last] = segment->RowsOf(UnitId{absent});
    EXPECT_EQ(first, last) << absent;
  }
  std::vector<uint32_t> of_item;
  segment->AppendRowsOf(ItemId{2}, of_item);
  EXPECT_THAT(of_item, ElementsAre(6, 7, 8, 9, 10, 11));
  segment->AppendRowsOf(ItemId{999}, of_item);
  EXPECT_EQ(of_item.size(), 6u);
}

TEST(SealedSegmentTest, ItemsMayComeInAnyOrder) {
  TestRows rows = MakeRows(5, 8, 1);
  const uint64_t items[] = {7, ~uint64_t{0} - 1, 7, 1, 7};
  for (size_t row = 0; row < 5; ++row) rows.info[row].item = ItemId{items[row]};
  const auto segment = Build(rows, Flat());
  std::vector<uint32_t> of_item;
  segment->AppendRowsOf(ItemId{7}, of_item);
  EXPECT_THAT(of_item, ElementsAre(0, 2, 4));
  of_item.clear();
  segment->AppendRowsOf(ItemId{~uint64_t{0} - 1}, of_item);
  EXPECT_THAT(of_item, ElementsAre(1));
  EXPECT_EQ(segment->Info(1).item, ItemId{~uint64_t{0} - 1});
}

TEST(SealedSegmentTest, RowsOutOfOrderAreRefused) {
  const TestRows good = MakeRowsWithFrames(3, 8, 1, 1);
  const auto refused = [](const TestRows& rows) {
    EXPECT_THAT(SealedSegment::Build(rows, {.options = Flat()}), IsError(ErrorCode::kInvalidArgument));
  };
  TestRows rows = good;
  std::swap(rows.info[0], rows.info[2]);  // a unit before a smaller one
  refused(rows);
  rows = good;
  rows.info[0].is_frame = true;  // begins with a frame
  refused(rows);
  rows = good;
  rows.info[1].is_frame = false;  // two vectors of its own
  refused(rows);
  rows = good;
  rows.info[1].item = ItemId{99};
  refused(rows);
}

TEST(SealedSegmentTest, WrongPlansAndSearchesAreRefused) {
  const TestRows rows = MakeRows(10, 8, 1);
  EXPECT_THAT(SealedSegment::Build(rows, {}), IsError(ErrorCode::kInvalidArgument));  // auto
  EXPECT_THAT(SealedSegment::Build(rows, {.options = {.kind = IndexKind::kIvfPq, .pq_subspaces = 3}}),
              IsError(ErrorCode::kInvalidArgument));
  const std::vector<float> seven(7);
  EXPECT_THAT(SealedSegment::Build(rows, {.options = Flat(), .training_queries = seven}),
              IsError(ErrorCode::kInvalidArgument));
  const auto segment = Build(rows, Flat());
  std::vector<RowHit> hits;
  EXPECT_THAT(segment->Search(seven, {}, hits), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(segment->Search(rows.row(0), {.fetch = 0}, hits), IsError(ErrorCode::kInvalidArgument));
  const std::vector<float> nan(8, std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(segment->Search(nan, {}, hits), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(segment->Search(std::vector(8, 1e30f), {}, hits), IsError(ErrorCode::kInvalidArgument));
}

TEST(SegmentIntegrationTest, ManyListsAreTrainedInTwoStepsAndFoundByAGraph) {
  testing::UseOneThread();
  const TestRows rows = MakeRows(66'000, 8, 1, 3'000);
  const auto queries = MakeQueries(rows, 30, 2);
  std::vector<float> training;
  for (const auto& query : MakeQueries(rows, 200, 3)) training.insert(training.end(), query.begin(), query.end());
  const IndexOptions options{.kind = IndexKind::kIvfPqFastScan, .lists = 8'200, .probes = 200};
  const auto segment = SealedSegment::Build(rows, {.options = options, .training_queries = training});
  ASSERT_THAT(segment, IsOk());
  EXPECT_GE(RecallAt10(**segment, rows, queries), 0.95);
  const TempDir folder;
  ASSERT_THAT((*segment)->Write(folder / "1.seg"), IsOk());
  const auto loaded = SealedSegment::Load(folder / "1.seg");
  ASSERT_THAT(loaded, IsOk());
  std::vector<RowHit> hits, loaded_hits;
  for (const auto& query : queries) {
    ASSERT_THAT((*segment)->Search(query, {}, hits), IsOk());
    ASSERT_THAT((*loaded)->Search(query, {}, loaded_hits), IsOk());
    ASSERT_EQ(hits.size(), loaded_hits.size());
    for (size_t i = 0; i < hits.size(); ++i) EXPECT_EQ(hits[i].row, loaded_hits[i].row);
  }
}

}  // namespace
}  // namespace sightline::storage
