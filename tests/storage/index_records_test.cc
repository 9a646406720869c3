// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index_records.h"

#include <random>
#include <set>

#include "tests/storage/golden_records.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using testing::GoldenRecords;
using testing::IsError;
using testing::IsOk;

DeadRows MakeDead(size_t rows, const std::vector<uint32_t>& dead) {
  DeadRows made(rows);
  made.Add(dead);
  return made;
}

// The values that make_golden_records.py encodes.

Manifest GoldenManifest() {
  Manifest manifest{.covered = Epoch{7}, .next_number = 5, .segments = {}};
  manifest.segments.push_back({.number = 2,
                               .kind = IndexKind::kHnsw,
                               .rows = 10,
                               .units = 6,
                               .file_bytes = 1000,
                               .file_checksum = 0xAABBCCDD,
                               .dead = MakeDead(10, {1, 5})});
  manifest.segments.push_back({.number = 4,
                               .kind = IndexKind::kFlat,
                               .rows = 70'000,
                               .units = 70'000,
                               .file_bytes = uint64_t{1} << 33,
                               .file_checksum = 1,
                               .dead = MakeDead(70'000, {9, 65'536, 69'999})});
  return manifest;
}

IndexOptions GoldenOptions() {
  return {.kind = IndexKind::kIvfPqFastScan,
          .rows = RowFormat::kFp16,
          .exact_limit = 100,
          .seal_rows = 200,
          .lists = 300,
          .pq_subspaces = 4,
          .opq = true,
          .two_lists = true,
          .links = 32,
          .probes = 64,
          .ef_search = 128,
          .refine_factor = 8};
}

const std::vector<float> kGoldenQueries = {1, 0, 0, -1};

TEST(IndexRecordsTest, EncodesTheGoldenBytes) {
  auto golden = GoldenRecords();
  EXPECT_EQ(EncodeManifest(GoldenManifest()), golden.at("manifest"));
  EXPECT_EQ(EncodeIndexOptions(GoldenOptions()), golden.at("index_options"));
  EXPECT_EQ(EncodeTrainingQueries(kGoldenQueries, 2), golden.at("training_queries"));
  EXPECT_EQ(EncodeChangeKey(Epoch{3}, UnitId{7}), golden.at("change_key"));
  EXPECT_EQ(EncodeChange(UnitChange::kPut), golden.at("change_put"));
  EXPECT_EQ(EncodeChange(UnitChange::kDropped), golden.at("change_dropped"));
}

TEST(IndexRecordsTest, DecodesTheGoldenBytes) {
  auto golden = GoldenRecords();
  EXPECT_EQ(*DecodeManifest(golden.at("manifest")), GoldenManifest());
  EXPECT_EQ(*DecodeIndexOptions(golden.at("index_options")), GoldenOptions());
  EXPECT_EQ(*DecodeTrainingQueries(golden.at("training_queries"), 2), kGoldenQueries);
  EXPECT_EQ(*DecodeChangeKey(golden.at("change_key")), std::pair(Epoch{3}, UnitId{7}));
  EXPECT_EQ(*DecodeChange(golden.at("change_put")), UnitChange::kPut);
  EXPECT_EQ(*DecodeChange(golden.at("change_dropped")), UnitChange::kDropped);
}

TEST(IndexRecordsTest, ChangeKeysSortByEpochThenUnit) {
  EXPECT_LT(EncodeChangeKey(Epoch{1}, UnitId{300}), EncodeChangeKey(Epoch{2}, UnitId{1}));
  EXPECT_LT(EncodeChangeKey(Epoch{2}, UnitId{255}), EncodeChangeKey(Epoch{2}, UnitId{256}));
}

TEST(IndexRecordsTest, EveryDamagedByteIsCorruption) {
  for (auto& [name, bytes] : GoldenRecords()) {
    if (name != "manifest" && name != "index_options" && name != "training_queries") continue;
    for (size_t i = 0; i < bytes.size(); ++i) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
      EXPECT_THAT(DecodeManifest(damaged), IsError(ErrorCode::kCorruption)) << name << " " << i;
      EXPECT_THAT(DecodeIndexOptions(damaged), IsError(ErrorCode::kCorruption)) << name << " " << i;
      EXPECT_THAT(DecodeTrainingQueries(damaged, 2), IsError(ErrorCode::kCorruption)) << name << " " << i;
      EXPECT_THAT(DecodeManifest(bytes.substr(0, i)), IsError(ErrorCode::kCorruption)) << name << " " << i;
    }
  }
}

TEST(IndexRecordsTest, QueriesOfAnotherLengthAreCorruption) {
  EXPECT_THAT(DecodeTrainingQueries(EncodeTrainingQueries(kGoldenQueries, 2), 4), IsError(ErrorCode::kCorruption));
}

TEST(IndexRecordsTest, ManifestsThatContradictThemselvesAreCorruption) {
  const auto refused = [](auto change) {
    Manifest manifest = GoldenManifest();
    change(manifest);
    return DecodeManifest(EncodeManifest(manifest));
  };
  EXPECT_THAT(refused([](Manifest& m) { m.next_number = 4; }), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(refused([](Manifest& m) { std::swap(m.segments[0], m.segments[1]); }), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(refused([](Manifest& m) { m.segments[0].units = 11; }), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(refused([](Manifest& m) { m.segments[1].rows = 69'999; }), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(refused([](Manifest& m) { m.segments[0].kind = IndexKind::kAuto; }), IsError(ErrorCode::kCorruption));
}

TEST(IndexRecordsTest, ChangesThatAreNoneAreCorruption) {
  EXPECT_THAT(DecodeChangeKey("short"), IsError(ErrorCode::kCorruption));
  for (const char* bytes : {"", "\3", "\1\1"}) EXPECT_THAT(DecodeChange(bytes), IsError(ErrorCode::kCorruption));
}

TEST(DeadRowsTest, NothingIsDeadAtFirst) {
  const DeadRows dead(100'000);
  EXPECT_EQ(dead.count(), 0u);
  for (size_t row = 0; row < dead.rows(); row += 99) EXPECT_FALSE(dead.Has(row));
}

TEST(DeadRowsTest, RandomMarksEqualASet) {
  constexpr size_t kRows = 300'000;
  std::mt19937_64 random(5);
  DeadRows dead(kRows), halfway(kRows);
  std::set<uint32_t> expected, expected_halfway;
  for (int round = 0; round < 200; ++round) {
    std::vector<uint32_t> rows;
    const auto first = static_cast<uint32_t>(random() % kRows);
    for (uint32_t row = first; row < kRows && row < first + random() % 500; ++row) rows.push_back(row);
    rows.push_back(static_cast<uint32_t>(random() % kRows));
    dead.Add(rows);
    expected.insert(rows.begin(), rows.end());
    if (round == 100) {
      halfway = dead;
      expected_halfway = expected;
    }
  }
  EXPECT_EQ(dead.count(), expected.size());
  for (uint32_t row = 0; row < kRows; ++row) {
    ASSERT_EQ(dead.Has(row), expected.count(row) != 0) << row;
    ASSERT_EQ(halfway.Has(row), expected_halfway.count(row) != 0) << row;  // The copy did not change.
  }
  std::vector<uint32_t> since;
  std::set_difference(expected.begin(), expected.end(), expected_halfway.begin(), expected_halfway.end(),
                      std::back_inserter(since));
  EXPECT_EQ(dead.Since(halfway), since);
  EXPECT_EQ(*DeadRows::Decode(dead.Encode(), kRows), dead);
}

TEST(DeadRowsTest, BitmapsThatAreNoneAreCorruption) {
  const std::string sound = MakeDead(200'000, {1, 2, 3, 100'000}).Encode();
  EXPECT_THAT(DeadRows::Decode(sound, 200'000), IsOk());
  EXPECT_THAT(DeadRows::Decode(sound, 100'000), IsError(ErrorCode::kCorruption));  // A row that is not there.
  EXPECT_THAT(DeadRows::Decode(sound + "x", 200'000), IsError(ErrorCode::kCorruption));
  for (size_t size = 0; size < sound.size(); ++size) {
    EXPECT_THAT(DeadRows::Decode(sound.substr(0, size), 200'000), IsError(ErrorCode::kCorruption)) << size;
  }
}

}  // namespace
}  // namespace sightline::storage
