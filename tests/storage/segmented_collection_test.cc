// SPDX-License-Identifier: BSD-3-Clause
// A collection with sealed segments: it answers as an exact one does, whatever was sealed, merged, removed or damaged.
#include <algorithm>
#include <map>
#include <random>

#include "storage/collection.h"
#include "storage/segment_files.h"
#include "tests/storage/sample_records.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;
using testing::RandomEmbedding;
using testing::Sample;
using ::testing::SizeIs;
using testing::TempDir;

namespace fs = std::filesystem;

constexpr uint32_t kDim = 24;
const CollectionConfig kConfig{"none", "", kDim, PatchStorage::kNone};

/// Seals only when told to.
const IndexOptions kQuiet{.kind = IndexKind::kFlat, .seal_rows = 1'000'000};

class SegmentedCollectionTest : public ::testing::Test {
 protected:
  void SetUp() override { Make(kQuiet); }
  void TearDown() override {
    if (collection_ != nullptr) ExpectSound();
  }

  void Make(const IndexOptions& options) {
    collection_.reset();
    fs::remove_all(folder_);
    samples_.clear();
    auto made = Collection::Create(folder_, kConfig, options);
    ASSERT_THAT(made, IsOk());
    collection_ = *std::move(made);
  }
  void Reopen() {
    collection_.reset();
    auto opened = Collection::Open(folder_);
    ASSERT_THAT(opened, IsOk());
    collection_ = *std::move(opened);
  }
  void ExpectSound() {
    const auto report = collection_->Verify({});
    ASSERT_THAT(report, IsOk());
    for (const auto& finding : report->findings) ADD_FAILURE() << finding.what;
    ExpectAnswersAreExact();
  }

  void Commit(const WriteSet& changes) {
    ASSERT_THAT(collection_->Commit(changes), IsOk());
    if (settles_) {
      ASSERT_THAT(collection_->WaitForBackground(), IsOk());
    }
  }

  /// Commits `count` new units; every third has frames.
  void Add(size_t count) {
    std::vector<Sample> added;
    for (size_t i = 0; i < count; ++i) {
      ++seed_;
      added.push_back(testing::MakeSample(*collection_, "/p/" + std::to_string(seed_), seed_, seed_ % 3 == 0 ? 4 : 1));
    }
    Commit(testing::Put(added));
    for (const Sample& sample : added) samples_[sample.item.id] = sample;
  }
  void Remove(ItemId id) {
    Commit({.put_items = {}, .put_units = {}, .remove_items = {id}, .put_job = {}});
    samples_.erase(id);
  }
  void Replace(ItemId id) {
    Sample& sample = samples_.at(id);
    ++seed_;
    sample.units[0].record.vectors = {{std::nullopt, RandomEmbedding(kDim, seed_)}};
    Commit({.put_items = {}, .put_units = sample.units, .remove_items = {}, .put_job = {}});
  }
  ItemId Any() {
    auto it = samples_.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random_() % samples_.size()));
    return it->first;
  }

  /// What a search must find, by the simplest means.
  std::vector<Neighbor> Expected(const Embedding& query, size_t k) const {
    std::vector<Neighbor> all;
    for (const auto& [id, sample] : samples_) {
      const UnitRecord& unit = sample.units[0].record;
      Neighbor best{unit.id, -2, std::nullopt};
      for (const UnitVector& vector : unit.vectors) {
        float score = 0;
        for (uint32_t d = 0; d < kDim; ++d) score += query[d] * vector.embedding[d];
        if (score > best.score) best = {unit.id, score, vector.frame_time_us};
      }
      all.push_back(best);
    }
    std::sort(all.begin(), all.end(), [](const Neighbor& a, const Neighbor& b) { return a.score > b.score; });
    all.resize(std::min(k, all.size()));
    return all;
  }
  void ExpectAnswersAreExact() {
    const auto view = collection_->View();
    EXPECT_EQ(view->unit_count(), samples_.size());
    for (uint64_t q = 0; q < 5; ++q) {
      const Embedding query = RandomEmbedding(kDim, 1'000'000 + q);
      for (size_t k : {size_t{1}, size_t{7}, size_t{40}, samples_.size() + 1}) {
        const auto found = view->Search(query, {.k = k, .filter = nullptr, .limits = {}});
        ASSERT_THAT(found, IsOk());
        const auto expected = Expected(query, k);
        ASSERT_THAT(*found, SizeIs(expected.size()));
        for (size_t i = 0; i < expected.size(); ++i) {
          ASSERT_EQ((*found)[i].unit, expected[i].unit) << "query " << q << ", k " << k << ", place " << i;
          ASSERT_EQ((*found)[i].frame_time_us, expected[i].frame_time_us);
          ASSERT_NEAR((*found)[i].score, expected[i].score, 1e-5);
        }
      }
    }
  }

  IndexStatus Status() { return collection_->Stats()->index; }
  std::vector<fs::path> SegmentFiles() {
    std::vector<fs::path> files;
    if (!fs::exists(SegmentsFolder(folder_))) return files;
    for (const auto& entry : fs::directory_iterator(SegmentsFolder(folder_))) files.push_back(entry.path());
    return files;
  }

  TempDir scratch_;
  const fs::path folder_ = scratch_ / "c";
  std::unique_ptr<Collection> collection_;
  std::map<ItemId, Sample> samples_;
  bool settles_ = false;  ///< Every commit waits for the background, so that what is sealed depends on nothing else.
  uint64_t seed_ = 0;
  std::mt19937_64 random_{7};
};

TEST_F(SegmentedCollectionTest, SealedUnitsAreFoundWithExactScores) {
  Add(300);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  const IndexStatus status = Status();
  ASSERT_THAT(status.segments, SizeIs(1));
  EXPECT_EQ(status.segments[0].kind, IndexKind::kFlat);
  EXPECT_EQ(status.segments[0].units, 300u);
  EXPECT_EQ(status.segments[0].rows, 600u);
  EXPECT_EQ(status.segments[0].dead_rows, 0u);
  EXPECT_GT(status.segments[0].memory_bytes, 600 * kDim);
  EXPECT_EQ(status.segments[0].disk_bytes, fs::file_size(SegmentFiles()[0]));
  EXPECT_EQ(status.exact_rows, 0u);
  ExpectAnswersAreExact();
  Add(50);
  EXPECT_EQ(Status().exact_rows, 98u);
  ExpectAnswersAreExact();
}

TEST_F(SegmentedCollectionTest, ReopeningFindsSegmentsAndWhatCameAfterThem) {
  Add(200);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  Add(30);
  const ItemId removed = samples_.begin()->first;
  Remove(removed);
  Replace(samples_.begin()->first);
  Replace(samples_.rbegin()->first);
  for (int round = 0; round < 2; ++round) {
    Reopen();
    EXPECT_THAT(Status().segments, SizeIs(1));
    EXPECT_EQ(Status().segments[0].units, 198u);
    ExpectSound();
  }
  ASSERT_THAT(collection_->SealNow(), IsOk());
  Reopen();
  EXPECT_THAT(Status().segments, SizeIs(2));
  EXPECT_EQ(Status().exact_rows, 0u);
}

TEST_F(SegmentedCollectionTest, ChangesAreSeenByTheVeryNextView) {
  Add(100);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  for (int i = 0; i < 30; ++i) {
    const Sample victim = samples_.at(Any());
    const Embedding query = victim.units[0].record.vectors[0].embedding;
    const auto before = collection_->View();
    Remove(victim.item.id);
    const auto after = collection_->View()->Search(query, {.k = 1, .filter = nullptr, .limits = {}});
    ASSERT_NE((*after)[0].unit, victim.units[0].record.id);
    const auto still = before->Search(query, {.k = 1, .filter = nullptr, .limits = {}});
    ASSERT_EQ((*still)[0].unit, victim.units[0].record.id);
    ASSERT_NEAR((*still)[0].score, 1, 0.05);  // Its record is gone: this is the score of its row.
  }
  for (int i = 0; i < 30; ++i) {
    const ItemId id = Any();
    Replace(id);
    const UnitRecord& unit = samples_.at(id).units[0].record;
    const auto found =
        collection_->View()->Search(unit.vectors[0].embedding, {.k = 1, .filter = nullptr, .limits = {}});
    ASSERT_EQ((*found)[0].unit, unit.id);
    ASSERT_NEAR((*found)[0].score, 1, 1e-5);
  }
}

TEST_F(SegmentedCollectionTest, RandomHistoryWithConstantSealingEqualsAnExactSearch) {
  for (const IndexKind kind : {IndexKind::kFlat, IndexKind::kHnsw}) {
    Make({.kind = kind, .seal_rows = 20});
    settles_ = kind == IndexKind::kHnsw;  // Which graphs there are decides what is found in them.
    for (int round = 0; round < 150; ++round) {
      Add(1 + random_() % 8);
      if (random_() % 2 == 0) Remove(Any());
      if (!samples_.empty() && random_() % 2 == 0) Replace(Any());
      if (random_() % 10 == 0) {
        ASSERT_THAT(collection_->SealNow(), IsOk());
      }
      if (random_() % 10 == 0) {
        ASSERT_THAT(collection_->WaitForBackground(), IsOk());
      }
      if (random_() % 25 == 0) Reopen();
      if (round % 25 == 0) ExpectSound();
    }
    ASSERT_THAT(collection_->WaitForBackground(), IsOk());
    const IndexStatus status = Status();
    EXPECT_LT(status.exact_rows, 20u);
    EXPECT_FALSE(status.segments.empty());
    EXPECT_LE(status.segments.size(), 10u);  // Of more than 40 seals.
    EXPECT_EQ(status.failure, "");
    for (const SegmentStatus& segment : status.segments) EXPECT_LE(segment.dead_rows, segment.rows / 5 + 1);
    EXPECT_THAT(SegmentFiles(), SizeIs(status.segments.size()));
    ExpectSound();
  }
}

TEST_F(SegmentedCollectionTest, AutoStaysExactUpToItsLimit) {
  Make({.kind = IndexKind::kAuto, .exact_limit = 200, .seal_rows = 50});
  Add(100);  // 198 vectors.
  ASSERT_THAT(collection_->SealNow(), IsOk());
  EXPECT_THAT(Status().segments, IsEmpty());
  EXPECT_THAT(SegmentFiles(), IsEmpty());
  Add(10);
  ASSERT_THAT(collection_->WaitForBackground(), IsOk());
  EXPECT_THAT(Status().segments, SizeIs(1));
  EXPECT_EQ(Status().exact_rows, 0u);
}

TEST_F(SegmentedCollectionTest, DeadRowsAreGivenBack) {
  Add(200);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  const uint64_t rows = Status().segments[0].rows;
  while (Status().segments[0].rows == rows && samples_.size() > 100) {
    Remove(Any());
    ASSERT_THAT(collection_->WaitForBackground(), IsOk());
  }
  EXPECT_GT(samples_.size(), 120u);
  EXPECT_LE(Status().segments[0].rows, rows * 4 / 5);
  EXPECT_EQ(Status().segments[0].dead_rows, 0u);
  ExpectSound();
  while (!samples_.empty()) Remove(Any());
  ASSERT_THAT(collection_->WaitForBackground(), IsOk());
  EXPECT_THAT(Status().segments, IsEmpty());
  EXPECT_THAT(SegmentFiles(), IsEmpty());
  Reopen();
  Add(3);
}

TEST_F(SegmentedCollectionTest, LongChangeLogIsSealedEvenIfLittleIsFresh) {
  Make({.kind = IndexKind::kFlat, .seal_rows = 40});
  Add(100);
  ASSERT_THAT(collection_->WaitForBackground(), IsOk());
  const ItemId id = samples_.begin()->first;
  const uint64_t newest = Status().segments.back().number;
  for (int i = 0; i < 161; ++i) Replace(id);  // One fresh unit, and every change is logged.
  ASSERT_THAT(collection_->WaitForBackground(), IsOk());
  EXPECT_GT(Status().segments.back().number, newest);
}

TEST_F(SegmentedCollectionTest, FilesOfInterruptedWorkAreRemoved) {
  Add(50);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  testing::WriteTestFile(SegmentFile(folder_, 77), "never published");
  testing::WriteTestFile(SegmentsFolder(folder_) / "78.seg.tmp", "half");
  Reopen();
  EXPECT_THAT(SegmentFiles(), ElementsAre(SegmentFile(folder_, Status().segments[0].number)));
}

TEST_F(SegmentedCollectionTest, MissingSegmentComesBackFromTheRecords) {
  Add(60);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  Add(60);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  Remove(samples_.begin()->first);
  Replace(samples_.begin()->first);
  collection_.reset();
  const fs::path lost = SegmentFiles()[0];
  fs::remove(lost);
  Reopen();
  ExpectAnswersAreExact();
  ASSERT_THAT(collection_->WaitForBackground(), IsOk());
  EXPECT_THAT(Status().damage, IsEmpty());
  EXPECT_EQ(Status().exact_rows, 0u);
  EXPECT_THAT(Status().segments, SizeIs(2));
  ExpectSound();
  Reopen();
  EXPECT_THAT(Status().segments, SizeIs(2));
}

TEST_F(SegmentedCollectionTest, ChangedFileIsFoundByVerifyAndRepaired) {
  Add(120);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  const fs::path file = SegmentFiles()[0];
  std::string content = testing::ReadTestFile(file);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  testing::WriteTestFile(file, content);
  const auto report = collection_->Verify({});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(report->findings, ElementsAre(Field(&VerifyFinding::what, HasSubstr(file.string()))));
  const auto repaired = collection_->Repair();
  ASSERT_THAT(repaired, IsOk());
  EXPECT_THAT(repaired->done, ElementsAre(HasSubstr(file.string())));
  EXPECT_THAT(repaired->left, IsEmpty());
  EXPECT_THAT(Status().segments, SizeIs(1));
  ExpectSound();
  Reopen();
  EXPECT_THAT(collection_->Repair()->done, IsEmpty());
}

TEST_F(SegmentedCollectionTest, RepairOfASoundCollectionDoesNothing) {
  Add(20);
  EXPECT_THAT(collection_->Repair()->done, IsEmpty());
  ASSERT_THAT(collection_->SealNow(), IsOk());
  EXPECT_THAT(collection_->Repair()->done, IsEmpty());
  EXPECT_THAT(Status().segments, SizeIs(1));
  Add(20);
  ASSERT_THAT(collection_->SealNow(), IsOk());  // The background goes on.
}

TEST_F(SegmentedCollectionTest, OptionsAreKeptAndTakeEffectWithTheNextSegment) {
  Add(50);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  const IndexOptions hnsw{.kind = IndexKind::kHnsw, .rows = RowFormat::kFp16, .seal_rows = 1'000'000, .ef_search = 50};
  ASSERT_THAT(collection_->SetIndexOptions(hnsw), IsOk());
  Reopen();
  EXPECT_EQ(collection_->index_options(), hnsw);
  Add(50);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  ASSERT_THAT(Status().segments, SizeIs(2));
  EXPECT_EQ(Status().segments[0].kind, IndexKind::kFlat);
  EXPECT_EQ(Status().segments[1].kind, IndexKind::kHnsw);
}

TEST_F(SegmentedCollectionTest, SettingsOutliveTheProcess) {
  EXPECT_EQ(collection_->settings(), CollectionSettings());
  const CollectionSettings settings = {.rerank_depth = 96, .stop_margin = 1.5, .calibration = "{}", .tuned = "{}"};
  ASSERT_THAT(collection_->SetSettings(settings), IsOk());
  Reopen();
  EXPECT_EQ(collection_->settings(), settings);
}

TEST_F(SegmentedCollectionTest, ASearchMayHaveItsOwnParameters) {
  Make({.kind = IndexKind::kIvfPq, .seal_rows = 1'000'000, .lists = 32, .probes = 1});
  Add(1000);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  const auto view = collection_->View();
  const auto looked_at = [&](const SearchParameters& parameters) {
    SearchStats stats;
    const SearchOptions options{.k = 3, .filter = nullptr, .limits = {}, .parameters = parameters};
    EXPECT_THAT(view->Search(testing::RandomEmbedding(kDim, 5), options, &stats), IsOk());
    return std::pair(stats.vectors_scanned, stats.rows_scored);
  };
  const auto few = looked_at({});
  const auto all = looked_at({.probes = 32});
  EXPECT_LT(few.first * 8, all.first);
  EXPECT_EQ(looked_at({.probes = 1}), few);
  EXPECT_LT(looked_at({.probes = 32, .refine_factor = 1}).second,
            looked_at({.probes = 32, .refine_factor = 16}).second);
  EXPECT_EQ(looked_at({}), few) << "nothing of it stays";
  collection_.reset();  // With one probe its answers are not exact.
}

TEST_F(SegmentedCollectionTest, OptionsThatContradictTheCollectionAreRefused) {
  IndexOptions bad;
  bad.pq_subspaces = 7;
  EXPECT_THAT(collection_->SetIndexOptions(bad), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Collection::Create(scratch_ / "d", kConfig, bad), IsError(ErrorCode::kInvalidArgument));
  EXPECT_EQ(collection_->index_options(), kQuiet);
}

TEST_F(SegmentedCollectionTest, TrainingQueriesAreChecked) {
  EXPECT_THAT(collection_->SetTrainingQueries(std::vector<float>(kDim + 1)), IsError(ErrorCode::kInvalidArgument));
  std::vector<float> queries(2 * kDim, 0.5f);
  EXPECT_THAT(collection_->SetTrainingQueries(queries), IsOk());
  queries[3] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(collection_->SetTrainingQueries(queries), IsError(ErrorCode::kInvalidArgument));
  Add(10);
  EXPECT_THAT(collection_->SealNow(), IsOk());
}

TEST_F(SegmentedCollectionTest, WaitingObeysItsLimits) {
  Add(50);
  std::stop_source stop;
  stop.request_stop();
  const Limits stopped{.deadline = Limits{}.deadline, .stop = stop.get_token()};
  EXPECT_THAT(collection_->SealNow(stopped), IsError(ErrorCode::kCancelled));
  EXPECT_THAT(collection_->WaitForBackground(), IsOk());  // It was begun nevertheless.
  EXPECT_THAT(Status().segments, SizeIs(1));
}

TEST_F(SegmentedCollectionTest, FailedWorkIsReportedLosesNothingAndIsDoneLater) {
  Add(40);
  testing::WriteTestFile(SegmentsFolder(folder_), "a file where the folder should be");
  EXPECT_FALSE(collection_->SealNow());
  EXPECT_THAT(Status().failure, Not(IsEmpty()));
  ExpectAnswersAreExact();
  Add(5);
  Remove(samples_.begin()->first);
  ExpectAnswersAreExact();
  fs::remove(SegmentsFolder(folder_));
  ASSERT_THAT(collection_->SealNow(), IsOk());
  EXPECT_EQ(Status().failure, "");
  EXPECT_EQ(Status().exact_rows, 0u);
}

}  // namespace
}  // namespace sightline::storage
