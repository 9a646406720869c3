// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/segment_file.h"

#include <zlib.h>

#include <cstring>
#include <map>
#include <random>
#include <sstream>

#include "storage/segment/sealed_segment.h"
#include "tests/storage/segment_fixture.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using sightline::testing::IsError;
using sightline::testing::IsErrorWith;
using sightline::testing::IsOk;
using sightline::testing::ReadTestFile;
using sightline::testing::TempDir;
using sightline::testing::WriteTestFile;
using testing::BestRows;
using testing::MakeQueries;
using testing::MakeRowsWithFrames;
using testing::TestRows;

std::map<std::string, std::string> Golden() {
  std::istringstream lines(ReadTestFile(sightline::testing::TestData("storage/segments_v1.txt")));
  std::map<std::string, std::string> golden;
  std::string name, hex;
  while (lines >> name >> hex) {
    for (size_t i = 0; i + 1 < hex.size(); i += 2) {
      golden[name].push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
  }
  return golden;
}

// The rows that make_golden_segments.py encodes.

constexpr uint64_t kFarItem = (uint64_t{1} << 40) + 7;

TestRows GoldenRows(bool has_frames) {
  TestRows rows;
  rows.width = 3;
  for (const int value : {127, -64, 1, 0, 127, 2, -127, 5, 0, 1, 2, 127}) {
    rows.values.push_back(static_cast<float>(value) / 128);
  }
  rows.info = {{UnitId{5}, ItemId{100}, 0, UnitType::kImage, false},
               {UnitId{9}, ItemId{kFarItem}, 0, UnitType::kClip, false},
               {UnitId{12}, ItemId{kFarItem}, 0, UnitType::kText, false},
               {UnitId{13}, ItemId{2}, 0, UnitType::kImage, false}};
  if (has_frames) {
    rows.info[2] = {UnitId{9}, ItemId{kFarItem}, 1'500'000, UnitType::kClip, true};
    rows.info[3] = {UnitId{12}, ItemId{kFarItem}, 0, UnitType::kText, false};
  }
  return rows;
}

struct GoldenCase {
  std::string name;
  bool has_frames;
  IndexOptions options;
  bool is_trained = false;  ///< Building it takes choices that no document can fix.
};

std::vector<GoldenCase> GoldenCases() {
  return {{"flat_int8_frames", true, {.kind = IndexKind::kFlat}},
          {"flat_fp16", false, {.kind = IndexKind::kFlat, .rows = RowFormat::kFp16}},
          {"hnsw", true, {.kind = IndexKind::kHnsw, .links = 2}, true},
          {"ivfpq", true, {.kind = IndexKind::kIvfPq, .lists = 2}, true},
          {"ivfpq_fastscan", true, {.kind = IndexKind::kIvfPqFastScan, .lists = 2}, true}};
}

TEST(SegmentFileTest, WritesTheGoldenBytes) {
  const TempDir folder;
  const auto golden = Golden();
  for (const GoldenCase& test : GoldenCases()) {
    if (test.is_trained) continue;
    const auto segment = SealedSegment::Build(GoldenRows(test.has_frames), {.options = test.options});
    ASSERT_THAT(segment, IsOk());
    ASSERT_THAT((*segment)->Write(folder / "a.seg"), IsOk());
    EXPECT_EQ(ReadTestFile(folder / "a.seg"), golden.at(test.name)) << test.name;
  }
}

TEST(SegmentFileTest, ReadsTheGoldenBytes) {
  const TempDir folder;
  const auto golden = Golden();
  for (const GoldenCase& test : GoldenCases()) {
    WriteTestFile(folder / "a.seg", golden.at(test.name));
    const auto segment = SealedSegment::Load(folder / "a.seg");
    ASSERT_THAT(segment, IsOk());
    EXPECT_EQ((*segment)->options(), test.options);
    const TestRows rows = GoldenRows(test.has_frames);
    std::vector<float> values(rows.values.size());
    (*segment)->Read(0, rows.rows(), values.data());
    EXPECT_EQ(values, rows.values);
    for (uint32_t row = 0; row < rows.rows(); ++row) {
      const RowInfo info = (*segment)->Info(row);
      EXPECT_EQ(info.unit, rows.info[row].unit);
      EXPECT_EQ(info.item, rows.info[row].item);
      EXPECT_EQ(info.type, rows.info[row].type);
      EXPECT_EQ(info.is_frame, rows.info[row].is_frame);
      EXPECT_EQ(info.frame_time_us, rows.info[row].frame_time_us);
      std::vector<RowHit> hits;
      ASSERT_THAT((*segment)->Search(rows.row(row), {.fetch = 2}, hits), IsOk());
      ASSERT_EQ(hits.size(), 2u);
      EXPECT_EQ(hits[0].row, row) << test.name;
      EXPECT_EQ(hits[1].row, BestRows(rows, rows.row(row), 2)[1]) << test.name;
    }
    ASSERT_THAT((*segment)->Write(folder / "b.seg"), IsOk());
    EXPECT_EQ(ReadTestFile(folder / "b.seg"), golden.at(test.name)) << test.name;
  }
}

TEST(SegmentFileTest, MissingFileIsNotFound) {
  EXPECT_THAT(SealedSegment::Load(TempDir() / "none.seg"), IsError(ErrorCode::kNotFound));
}

TEST(SegmentFileTest, FolderThatIsNotThereIsAnErrorAndLeavesNothing) {
  const TempDir folder;
  const auto segment = SealedSegment::Build(GoldenRows(false), {.options = {.kind = IndexKind::kFlat}});
  EXPECT_THAT((*segment)->Write(folder / "none" / "a.seg"), IsError(ErrorCode::kNotFound));
}

TEST(SegmentFileTest, NewerVersionIsRefusedByNumber) {
  const TempDir folder;
  std::string bytes = Golden().at("flat_fp16");
  bytes[4] = 7;
  const auto checksum = static_cast<uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), 12));
  std::memcpy(bytes.data() + 12, &checksum, sizeof(checksum));
  WriteTestFile(folder / "a.seg", bytes);
  EXPECT_THAT(SealedSegment::Load(folder / "a.seg"), IsErrorWith(ErrorCode::kFailedPrecondition, "version 7"));
}

/// Damage to small files of every kind.
class DamagedSegmentTest : public ::testing::TestWithParam<IndexOptions> {
 protected:
  DamagedSegmentTest() {
    testing::UseOneThread();
    const bool has_lists = GetParam().kind == IndexKind::kIvfPq || GetParam().kind == IndexKind::kIvfPqFastScan;
    rows_ = MakeRowsWithFrames(has_lists ? 260 : 40, 4, 1, 1);
    const auto segment = SealedSegment::Build(rows_, {.options = GetParam()});
    EXPECT_THAT(segment, IsOk());
    EXPECT_THAT((*segment)->Write(path()), IsOk());
    bytes_ = ReadTestFile(path());
  }

  std::filesystem::path path() const { return folder_ / "a.seg"; }
  Status LoadBytes(const std::string& bytes) const {
    WriteTestFile(path(), bytes);
    const auto loaded = SealedSegment::Load(path());
    if (!loaded) return tl::unexpected(loaded.error());
    return {};
  }

  TempDir folder_;
  TestRows rows_;
  std::string bytes_;
};

TEST_P(DamagedSegmentTest, EveryTruncationIsCorruption) {
  for (size_t length = 0; length < bytes_.size(); length += bytes_.size() < 4'000 ? 1 : 13) {
    ASSERT_THAT(LoadBytes(bytes_.substr(0, length)), IsError(ErrorCode::kCorruption)) << length;
  }
  EXPECT_THAT(LoadBytes(bytes_ + '\0'), IsError(ErrorCode::kCorruption));
}

TEST_P(DamagedSegmentTest, FlippedBitsAreCorruption) {
  for (size_t byte = 0; byte < bytes_.size(); byte += bytes_.size() < 4'000 || byte < 600 ? 1 : 13) {
    std::string damaged = bytes_;
    damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << byte % 8));
    ASSERT_THAT(LoadBytes(damaged), IsErrorWith(ErrorCode::kCorruption, "a.seg")) << byte;
  }
}

TEST_P(DamagedSegmentTest, NonsenseWithRightChecksumsNeverCrashes) {
  // What checksums cannot catch: sections that are whole and nonsense. They are refused, or can be searched.
  uint32_t head_bytes = 0;
  std::memcpy(&head_bytes, bytes_.data() + 8, sizeof(head_bytes));
  const size_t table = 16 + 1 + 4 + 16 + 6 * 4 + 4 + 16;  // the number of sections
  uint32_t sections = 0;
  std::memcpy(&sections, bytes_.data() + table, sizeof(sections));
  const auto query = MakeQueries(rows_, 1, 2)[0];
  std::mt19937_64 random(1);
  int refused = 0;
  for (int trial = 0; trial < 1'000; ++trial) {
    std::string damaged = bytes_;
    size_t offset = 16 + head_bytes;
    const size_t target = random() % sections;
    for (size_t i = 0; i <= target; ++i) {
      char* entry = damaged.data() + table + 4 + i * 16;
      uint64_t size = 0;
      std::memcpy(&size, entry + 4, sizeof(size));
      if (i == target && size > 0) {
        for (uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
          damaged[offset + random() % size] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
        }
        const auto* data = reinterpret_cast<const Bytef*>(damaged.data() + offset);
        const auto checksum = static_cast<uint32_t>(::crc32_z(0, data, size));
        std::memcpy(entry + 12, &checksum, sizeof(checksum));
      }
      offset += size;
    }
    const auto* head = reinterpret_cast<const Bytef*>(damaged.data() + 16);
    const auto checksum = static_cast<uint32_t>(::crc32_z(0, head, head_bytes - 4));
    std::memcpy(damaged.data() + 16 + head_bytes - 4, &checksum, sizeof(checksum));
    WriteTestFile(path(), damaged);
    const auto loaded = SealedSegment::Load(path());
    if (!loaded) {
      EXPECT_THAT(loaded, IsError(ErrorCode::kCorruption));
      ++refused;
      continue;
    }
    std::vector<RowHit> hits;
    std::vector<uint32_t> of_item;
    EXPECT_THAT((*loaded)->Search(query, {.fetch = 5}, hits), IsOk());
    for (const RowHit& hit : hits) (*loaded)->AppendRowsOf((*loaded)->Info(hit.row).item, of_item);
    for (const uint32_t row : of_item) EXPECT_LT(row, rows_.rows());
  }
  EXPECT_GT(refused, 0);
  EXPECT_LT(refused, 1'000);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, DamagedSegmentTest,
    ::testing::Values(IndexOptions{.kind = IndexKind::kFlat},
                      IndexOptions{.kind = IndexKind::kFlat, .rows = RowFormat::kFp16},
                      IndexOptions{.kind = IndexKind::kHnsw, .links = 4},
                      IndexOptions{.kind = IndexKind::kIvfPqFastScan, .lists = 5, .opq = true, .two_lists = true},
                      IndexOptions{.kind = IndexKind::kIvfPq, .lists = 5, .pq_subspaces = 1}));

}  // namespace
}  // namespace sightline::storage
