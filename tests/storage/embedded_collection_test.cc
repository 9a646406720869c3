// SPDX-License-Identifier: BSD-3-Clause
// What only a collection on disk has: opening again, the lock, versions, folders that are something else.
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include <rocksdb/db.h>

#include "base/log.h"
#include "storage/collection.h"
#include "storage/lock_file.h"
#include "tests/storage/crash_plan.h"
#include "tests/storage/sample_records.h"
#include "tests/support/child_process.h"
#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

using storage::Collection;
using storage::CollectionConfig;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

/// Makes records as a program of format 1 left them: without the column families that came with format 2.
void DropFamiliesOfFormat2(const fs::path& records) {
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, records, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, records, families, &handles, &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    if (handle->GetName() == "changes" || handle->GetName() == "terms") {
      EXPECT_TRUE(db->DropColumnFamily(handle).ok());
    }
    EXPECT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  }
  EXPECT_TRUE(db->Close().ok());
}

const CollectionConfig kConfig{"small", "fingerprint", 16, storage::PatchStorage::kInt8};

class EmbeddedCollectionTest : public ::testing::Test {
 protected:
  /// Every file below the folder with its content: what "nothing was written" means.
  std::map<std::string, std::string> Contents() const {
    std::map<std::string, std::string> contents;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      contents[entry.path().string()] = entry.is_regular_file() ? ReadTestFile(entry.path()) : "";
    }
    return contents;
  }

  TempDir scratch_;
  const fs::path folder_ = scratch_ / "c";
};

TEST_F(EmbeddedCollectionTest, ReopenedCollectionHasEverything) {
  std::vector<Sample> samples;
  Epoch epoch;
  {
    const auto made = Collection::Create(folder_, kConfig);
    ASSERT_THAT(made, IsOk());
    for (uint64_t i = 0; i < 30; ++i) samples.push_back(MakeSample(**made, "/p/" + std::to_string(i), i, 1 + i % 3));
    epoch = *(*made)->Commit(Put(samples));
    epoch = *(*made)->Commit({.put_items = {}, .put_units = {}, .remove_items = {samples[4].item.id}, .put_job = {}});
  }
  const auto opened = Collection::Open(folder_);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ((*opened)->config(), kConfig);
  EXPECT_EQ((*opened)->View()->epoch(), epoch);
  EXPECT_EQ((*opened)->Stats()->items, 29u);
  for (const Sample& sample : samples) {
    const auto& wanted = sample.units[0].record;
    const auto found =
        (*opened)->View()->Search(wanted.vectors.back().embedding, {.k = 1, .filter = nullptr, .limits = {}});
    ASSERT_THAT(*found, SizeIs(1));
    EXPECT_EQ((*found)[0].unit == wanted.id, sample.item.id != samples[4].item.id);
    EXPECT_EQ((*(*opened)->records().GetItems({{sample.item.id}}))[0].has_value(),
              sample.item.id != samples[4].item.id);
  }
  EXPECT_THAT((*opened)->Verify({})->findings, IsEmpty());
}

TEST_F(EmbeddedCollectionTest, IdsGoOnAfterReopeningAndAreNotWasted) {
  UnitId last;
  {
    const auto made = Collection::Create(folder_, kConfig);
    last.value = (*made)->AllocateIds(3, 5)->first_unit.value + 4;
  }
  const auto opened = Collection::Open(folder_);
  EXPECT_EQ((*opened)->AllocateIds(1, 1)->first_unit.value, last.value + 1);
  EXPECT_EQ((*opened)->AllocateIds(1, 1)->first_item.value, 5u);
}

TEST_F(EmbeddedCollectionTest, MissingFolderIsNotFound) {
  EXPECT_THAT(Collection::Open(folder_), IsErrorWith(ErrorCode::kNotFound, folder_.string()));
}

TEST_F(EmbeddedCollectionTest, FolderOfSomethingElseIsNotFoundAndStaysAsItIs) {
  WriteTestFile(folder_ / "holiday.jpg", "not ours");
  const auto before = Contents();
  EXPECT_THAT(Collection::Open(folder_), IsErrorWith(ErrorCode::kNotFound, "there is no collection"));
  EXPECT_THAT(Collection::Create(folder_, kConfig), IsErrorWith(ErrorCode::kFailedPrecondition, "holiday.jpg"));
  EXPECT_EQ(Contents(), before);
}

TEST_F(EmbeddedCollectionTest, FileInPlaceOfTheFolderIsAnError) {
  WriteTestFile(folder_, "a file");
  EXPECT_FALSE(Collection::Open(folder_));
  EXPECT_FALSE(Collection::Create(folder_, kConfig));
}

TEST_F(EmbeddedCollectionTest, ExistingCollectionIsNotCreatedAgain) {
  { ASSERT_THAT(Collection::Create(folder_, kConfig), IsOk()); }
  EXPECT_THAT(Collection::Create(folder_, kConfig), IsError(ErrorCode::kAlreadyExists));
  EXPECT_THAT(Collection::Open(folder_), IsOk());
}

TEST_F(EmbeddedCollectionTest, CreationMakesTheFoldersAbove) {
  EXPECT_THAT(Collection::Create(folder_ / "deep" / "er", kConfig), IsOk());
  EXPECT_THAT(Collection::Open(folder_ / "deep" / "er"), IsOk());
}

TEST_F(EmbeddedCollectionTest, CreationTellsTheLogOfNoError) {
  SetLogLevel(LogLevel::kInfo);
  ::testing::internal::CaptureStderr();
  const auto made = Collection::Create(folder_, kConfig);
  const std::string log = ::testing::internal::GetCapturedStderr();
  SetLogLevel(LogLevel::kWarning);
  EXPECT_THAT(made, IsOk());
  EXPECT_THAT(log, ::testing::Not(::testing::HasSubstr("ERROR")));
}

TEST_F(EmbeddedCollectionTest, ConfigurationOutOfRangeIsRefused) {
  for (uint32_t dim : {0u, 65'537u}) {
    CollectionConfig config = kConfig;
    config.dim = dim;
    EXPECT_THAT(Collection::Create(folder_, config), IsError(ErrorCode::kInvalidArgument));
  }
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(EmbeddedCollectionTest, UnfinishedCreationIsNotFoundAndCanBeRepeated) {
  { ASSERT_THAT(Collection::Create(folder_, kConfig), IsOk()); }
  fs::remove(folder_ / "COLLECTION");  // the last thing that a creation writes
  WriteTestFile(folder_ / "COLLECTION.tmp123", "sightl");
  EXPECT_THAT(Collection::Open(folder_), IsErrorWith(ErrorCode::kNotFound, "create it again"));
  EXPECT_THAT(Collection::Create(folder_, kConfig), IsOk());
  EXPECT_FALSE(fs::exists(folder_ / "COLLECTION.tmp123"));
}

TEST_F(EmbeddedCollectionTest, NewerFormatIsRefusedBeforeAnythingIsWritten) {
  { ASSERT_THAT(Collection::Create(folder_, kConfig), IsOk()); }
  EXPECT_EQ(ReadTestFile(folder_ / "COLLECTION"), "sightline collection\nformat 2\n");
  WriteTestFile(folder_ / "COLLECTION", "sightline collection\nformat 3\nsomething new\n");
  const auto before = Contents();
  EXPECT_THAT(Collection::Open(folder_), IsErrorWith(ErrorCode::kFailedPrecondition, "format version 3"));
  EXPECT_EQ(Contents(), before);
}

TEST_F(EmbeddedCollectionTest, OlderFormatIsBroughtToThisOne) {
  {
    const auto made = Collection::Create(folder_, kConfig);
    ASSERT_THAT(made, IsOk());
    ASSERT_THAT((*made)->Commit(Put({MakeSample(**made, "/p/1", 1)})), IsOk());
  }
  DropFamiliesOfFormat2(folder_ / "records");
  WriteTestFile(folder_ / "COLLECTION", "sightline collection\nformat 1\n");
  const auto opened = Collection::Open(folder_);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ((*opened)->config(), kConfig);
  EXPECT_EQ((*opened)->Stats()->items, 1u);
  EXPECT_TRUE(*(*opened)->records().FindItem("/p/1"));
  EXPECT_EQ(ReadTestFile(folder_ / "COLLECTION"), "sightline collection\nformat 2\n");
}

TEST_F(EmbeddedCollectionTest, DamagedMarkerIsCorruption) {
  { ASSERT_THAT(Collection::Create(folder_, kConfig), IsOk()); }
  for (const char* marker : {"", "sightline", "sightline collection\nformat 0\n", "sightline collection\nformat 1\nx",
                             "sightline collection\nformat x\n"}) {
    WriteTestFile(folder_ / "COLLECTION", marker);
    EXPECT_THAT(Collection::Open(folder_), IsErrorWith(ErrorCode::kCorruption, "COLLECTION")) << marker;
  }
}

TEST_F(EmbeddedCollectionTest, SecondOpeningInTheSameProcessIsRefused) {
  const auto first = Collection::Create(folder_, kConfig);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Collection::Open(folder_),
              IsErrorWith(ErrorCode::kFailedPrecondition, "pid " + std::to_string(::getpid())));
}

TEST_F(EmbeddedCollectionTest, SecondProcessIsToldThePidOfTheOwnerUntilItIsKilled) {
  ChildProcess owner({SIGHTLINE_CRASH_WRITER, folder_.string(), "create"});
  std::optional<std::string> said = owner.ReadLine(std::chrono::seconds(60));
  while (said && *said != "created") said = owner.ReadLine(std::chrono::seconds(60));
  ASSERT_TRUE(said) << "it ended";
  const pid_t pid = owner.pid();
  EXPECT_THAT(Collection::Open(folder_), IsErrorWith(ErrorCode::kFailedPrecondition, "pid " + std::to_string(pid)));
  const auto record = storage::ReadLockRecord(folder_);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->pid, pid);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_NEAR(static_cast<double>(record->started_at),
              static_cast<double>(std::chrono::duration_cast<std::chrono::seconds>(now).count()), 100);
  owner.Kill();
  EXPECT_THAT(Collection::Open(folder_), IsOk());
}

TEST_F(EmbeddedCollectionTest, LockRecordSaysWhereTheOwnerListens) {
  const storage::OpenOptions options{.owner_socket = "/data/server.sock"};
  {
    const auto made = Collection::Create(folder_, kConfig, options);
    ASSERT_THAT(made, IsOk());
    EXPECT_EQ(storage::ReadLockRecord(folder_)->socket, "/data/server.sock");
  }
  EXPECT_FALSE(storage::ReadLockRecord(folder_)) << "given back";
  const auto opened = Collection::Open(folder_, options);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ(storage::ReadLockRecord(folder_)->socket, "/data/server.sock");
}

TEST_F(EmbeddedCollectionTest, ViewKeepsTheRecordsItNeedsAndTheLock) {
  std::shared_ptr<const storage::IndexView> view;
  Sample sample;
  {
    const auto made = Collection::Create(folder_, kConfig);
    sample = MakeSample(**made, "/a", 2);
    ASSERT_THAT((*made)->Commit(Put({sample})), IsOk());
    view = (*made)->View();
  }
  Filter even;
  even.must.push_back(MatchCondition{"parity", {std::string("even")}});
  const auto found = view->Search(RandomEmbedding(16, 1), {.k = 5, .filter = &even, .limits = {}});
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(*found, SizeIs(1));
  EXPECT_THAT(Collection::Open(folder_), IsError(ErrorCode::kFailedPrecondition));
  view.reset();
  EXPECT_THAT(Collection::Open(folder_), IsOk());
}

TEST_F(EmbeddedCollectionTest, LockRecordOfSomethingElseIsNoRecord) {
  for (const char* text : {"", "\n", "sightline lock 1\n", "sightline lock 1\npid x\n", "pid 5\n", "\xff\xfe"}) {
    WriteTestFile(folder_ / "LOCK", text);
    EXPECT_FALSE(storage::ReadLockRecord(folder_)) << text;
  }
  WriteTestFile(folder_ / "LOCK", "sightline lock 1\npid 5\nnew thing\nstarted 6\nsocket /run/a b\n");
  EXPECT_EQ(storage::ReadLockRecord(folder_), (storage::LockRecord{5, 6, "/run/a b"}));
}

TEST_F(EmbeddedCollectionTest, TooFewFileDescriptorsAreExhaustionAndLoseNothing) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer opens a pipe to look at an object and reports it as broken when it cannot";
#endif
  { ASSERT_THAT(Collection::Create(folder_, CrashConfig(), CrashOptions()), IsOk()); }
  ChildProcess starved({"/bin/sh", "-c", "ulimit -n 12; exec \"$0\" \"$1\"", SIGHTLINE_CRASH_WRITER, folder_.string()});
  std::string last;
  while (const auto line = starved.ReadLine(std::chrono::seconds(60))) last = *line;
  EXPECT_THAT(last, HasSubstr("error " + std::string(NameOf(ErrorCode::kResourceExhausted))));
  EXPECT_EQ(starved.Wait(), 1);
  EXPECT_THAT(Collection::Open(folder_), IsOk());
}

// How long it takes is measured by tests/bench/storage_bench.cc (BM_Open).
TEST_F(EmbeddedCollectionTest, RecoveryOf20ThousandUnitsFindsThemAll) {
  constexpr uint64_t kUnits = 20'000;
  CollectionConfig config = kConfig;
  config.dim = 256;
  config.patch_storage = storage::PatchStorage::kNone;
  {
    const auto made = Collection::Create(folder_, config);
    storage::WriteSet changes;
    for (uint64_t i = 0; i < kUnits; ++i) {
      Sample sample = MakeSample(**made, "/p/" + std::to_string(i), i);
      changes.put_items.push_back(std::move(sample.item));
      changes.put_units.push_back(std::move(sample.units[0]));
      if (changes.put_items.size() < 1000) continue;
      ASSERT_THAT((*made)->Commit(changes), IsOk());
      changes = {};
    }
  }
  const auto opened = Collection::Open(folder_);
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ((*opened)->View()->vector_count(), kUnits);
  for (const uint64_t seed : {uint64_t{0}, kUnits / 2, kUnits - 1}) {
    const auto found = (*opened)->View()->Search(RandomEmbedding(config.dim, 100 * seed), {.k = 1, .limits = {}});
    ASSERT_THAT(found, IsOk());
    EXPECT_NEAR(found->at(0).score, 1, 1e-5) << seed;
  }
}

}  // namespace
}  // namespace sightline::testing
