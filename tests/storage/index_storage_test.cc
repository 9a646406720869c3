// SPDX-License-Identifier: BSD-3-Clause
// What the store keeps for the index: manifest, change log, options, training queries; and vectors as of an epoch.
#include <map>

#include "storage/collection.h"
#include "storage/record_codec.h"
#include "storage/record_db_internal.h"
#include "storage/rocksdb_record_store.h"
#include "tests/storage/sample_records.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::Sample;
using testing::TempDir;

constexpr uint32_t kDim = 8;

class IndexStorageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = RocksDbRecordStore::Create(folder_, {"none", "", kDim, PatchStorage::kNone}, {});
    ASSERT_THAT(made, IsOk());
    store_ = *std::move(made);
  }
  void Reopen() {
    store_.reset();
    auto opened = RocksDbRecordStore::Open(folder_, {});
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
  }
  void Damage(std::string_view key) {
    store_.reset();
    {
      const auto db = RecordDb::Open(folder_, {}, false);
      rocksdb::WriteBatch batch;
      ASSERT_TRUE(batch.Put((*db)->handle(Family::kMeta), rocksdb::Slice(key.data(), key.size()), "nonsense").ok());
      ASSERT_THAT((*db)->Write(batch, true), IsOk());
    }
    Reopen();
  }

  NewUnit MakeUnit(uint64_t seed) {
    const auto ids = store_->AllocateIds(1, 1);
    return {.record = {.id = ids->first_unit,
                       .item = ids->first_item,
                       .type = UnitType::kImage,
                       .range = {},
                       .vectors = {{std::nullopt, testing::RandomEmbedding(kDim, seed)}}},
            .tokens = {},
            .thumbnail = {}};
  }
  static WriteSet Put(const NewUnit& unit) {
    ItemRecord item;
    item.id = unit.record.item;
    item.paths = {{EncodeIdKey(item.id.value), 1, 1}};
    item.units = {unit.record.id};
    return {.put_items = {item}, .put_units = {unit}, .remove_items = {}, .put_job = {}};
  }
  static WriteSet Remove(const NewUnit& unit) {
    return {.put_items = {}, .put_units = {}, .remove_items = {unit.record.item}, .put_job = {}};
  }
  std::vector<std::pair<UnitId, UnitChange>> Changes(Epoch after) {
    std::vector<std::pair<UnitId, UnitChange>> changes;
    EXPECT_THAT(
        store_->ForEachChange(after, [&](UnitId unit, UnitChange change) { changes.emplace_back(unit, change); }),
        IsOk());
    return changes;
  }

  TempDir scratch_;
  const std::filesystem::path folder_ = scratch_ / "records";
  std::unique_ptr<RocksDbRecordStore> store_;
};

TEST_F(IndexStorageTest, ManifestIsKept) {
  EXPECT_EQ(*store_->ReadManifest(), std::nullopt);
  Manifest manifest{.covered = Epoch{5}, .next_number = 9, .segments = {}};
  ASSERT_THAT(store_->WriteManifest(manifest), IsOk());
  Reopen();
  EXPECT_EQ(*store_->ReadManifest(), manifest);
}

TEST_F(IndexStorageTest, OptionsAreKept) {
  EXPECT_EQ(*store_->ReadIndexOptions(), IndexOptions{});
  const IndexOptions options{.kind = IndexKind::kHnsw, .seal_rows = 77, .links = 16};
  ASSERT_THAT(store_->WriteIndexOptions(options), IsOk());
  Reopen();
  EXPECT_EQ(*store_->ReadIndexOptions(), options);
}

TEST_F(IndexStorageTest, TrainingQueriesAreKept) {
  EXPECT_THAT(*store_->ReadTrainingQueries(), IsEmpty());
  const std::vector<float> queries(3 * kDim, 0.25f);
  ASSERT_THAT(store_->WriteTrainingQueries(queries), IsOk());
  Reopen();
  EXPECT_EQ(*store_->ReadTrainingQueries(), queries);
}

TEST_F(IndexStorageTest, DamagedRecordsAreCorruption) {
  for (std::string_view key : {kManifestKey, kIndexOptionsKey, kTrainingQueriesKey, kSettingsKey}) Damage(key);
  EXPECT_THAT(store_->ReadManifest(), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(store_->ReadIndexOptions(), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(store_->ReadTrainingQueries(), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(store_->ReadSettings(), IsError(ErrorCode::kCorruption));
}

TEST_F(IndexStorageTest, ChangesAreLoggedOnceAskedFor) {
  const NewUnit quiet = MakeUnit(1), first = MakeUnit(2), second = MakeUnit(3);
  ASSERT_THAT(store_->Commit(Put(quiet)), IsOk());
  EXPECT_THAT(Changes(Epoch{0}), IsEmpty());
  store_->LogChanges();
  const Epoch before = store_->state().epoch;
  const Epoch put = *store_->Commit(Put(first));
  ASSERT_THAT(store_->Commit(Put(second)), IsOk());
  ASSERT_THAT(store_->Commit(Remove(first)), IsOk());
  Reopen();
  const auto logged = std::pair(first.record.id, UnitChange::kPut);
  const auto second_logged = std::pair(second.record.id, UnitChange::kPut);
  const auto dropped = std::pair(first.record.id, UnitChange::kDropped);
  EXPECT_THAT(Changes(before), ElementsAre(logged, second_logged, dropped));
  EXPECT_THAT(Changes(put), ElementsAre(second_logged, dropped));
}

TEST_F(IndexStorageTest, ManifestForgetsTheChangesThatItCovers) {
  const NewUnit first = MakeUnit(1), second = MakeUnit(2);
  store_->LogChanges();
  const Epoch covered = *store_->Commit(Put(first));
  ASSERT_THAT(store_->Commit(Put(second)), IsOk());
  ASSERT_THAT(store_->WriteManifest({.covered = covered, .next_number = 1, .segments = {}}), IsOk());
  EXPECT_THAT(Changes(Epoch{0}), ElementsAre(std::pair(second.record.id, UnitChange::kPut)));
}

TEST_F(IndexStorageTest, VectorsAreThoseOfTheEpochOrNone) {
  NewUnit kept = MakeUnit(1), replaced = MakeUnit(2), removed = MakeUnit(3);
  for (const NewUnit& unit : {kept, replaced, removed}) ASSERT_THAT(store_->Commit(Put(unit)), IsOk());
  const Epoch at = store_->state().epoch;
  const std::vector<UnitId> ids = {kept.record.id, replaced.record.id, removed.record.id, UnitId{99}};
  const auto then = *store_->GetVectors(ids, at);
  EXPECT_EQ(then[0], kept.record.vectors);
  EXPECT_EQ(then[1], replaced.record.vectors);
  EXPECT_EQ(then[2], removed.record.vectors);
  EXPECT_EQ(then[3], std::nullopt);

  replaced.record.vectors[0].embedding = testing::RandomEmbedding(kDim, 4);
  const Epoch now = *store_->Commit(Put(replaced));
  ASSERT_THAT(store_->Commit(Remove(removed)), IsOk());
  const auto later = *store_->GetVectors(ids, at);
  EXPECT_EQ(later[0], kept.record.vectors);
  EXPECT_EQ(later[1], std::nullopt);
  EXPECT_EQ(later[2], std::nullopt);
  EXPECT_EQ((*store_->GetVectors(ids, now))[1], replaced.record.vectors);
}

}  // namespace
}  // namespace sightline::storage
