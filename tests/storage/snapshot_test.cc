// SPDX-License-Identifier: BSD-3-Clause
#include "storage/snapshot.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <limits>
#include <stop_token>
#include <thread>

#include "storage/collection_folder.h"
#include "storage/data_folder.h"
#include "tests/storage/crash_plan.h"
#include "tests/storage/expect_batches.h"
#include "tests/storage/sample_records.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

namespace fs = std::filesystem;

using testing::CrashConfig;
using testing::CrashOptions;
using testing::CrashPlan;
using testing::Differences;
using testing::ExpectBatches;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::ReadTestFile;
using testing::TempDir;
using testing::ToWriteSet;
using testing::WriteTestFile;

constexpr uint64_t kAnyNumber = std::numeric_limits<uint64_t>::max();

class SnapshotTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = Collection::Create(live(), CrashConfig(), CrashOptions());
    ASSERT_THAT(made, IsOk());
    collection_ = *std::move(made);
    Advance(20);
  }

  void Advance(int batches) {
    for (int i = 0; i < batches; ++i) {
      const auto batch = plan_.Advance();
      const auto changes = ToWriteSet(plan_, batch, *collection_);
      ASSERT_THAT(changes, IsOk());
      ASSERT_THAT(collection_->Commit(*changes), IsOk());
    }
  }

  fs::path live() const { return dir_ / "live"; }
  fs::path shot() const { return dir_ / "shot"; }
  fs::path restored() const { return dir_ / "restored"; }

  /// Opens what was restored; it must hold exactly the plan after so many batches.
  void ExpectRestored(uint64_t batches) { ExpectBatches(restored(), batches, batches); }

  TempDir dir_;
  CrashPlan plan_;
  std::unique_ptr<Collection> collection_;
};

TEST_F(SnapshotTest, HoldsWhatWasCommittedAndNothingOfWhatFollows) {
  const auto info = collection_->Snapshot(shot());
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->items, plan_.items().size());
  EXPECT_EQ(info->epoch, collection_->View()->epoch());
  Advance(15);
  ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
  ExpectRestored(20);
  EXPECT_THAT(Differences(*collection_, 35), ::testing::IsEmpty());
}

TEST_F(SnapshotTest, SharesItsTablesWithTheCollection) {
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
  size_t shared = 0;
  for (const auto& entry : fs::directory_iterator(shot() / "records")) {
    struct stat info {};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    if (entry.path().extension() == ".sst") shared += info.st_nlink == 2 ? 1 : 0;
  }
  EXPECT_GT(shared, 0U);
}

TEST_F(SnapshotTest, WhatIsMadeOfItLivesOnItsOwn) {
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
  const auto before = CheckSnapshot(shot());
  ASSERT_THAT(before, IsOk());
  ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
  collection_.reset();
  fs::remove_all(live());
  {
    auto opened = Collection::Open(restored(), CrashOptions());
    ASSERT_THAT(opened, IsOk());
    collection_ = *std::move(opened);
    Advance(30);
    EXPECT_THAT(Differences(*collection_, 50), ::testing::IsEmpty());
    collection_.reset();
  }
  const auto after = CheckSnapshot(shot());
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(*before, *after);
  fs::remove_all(restored());
  ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
  ExpectRestored(20);
}

TEST_F(SnapshotTest, SettingsComeAlong) {
  const CollectionSettings settings = {.rerank_depth = 96, .stop_margin = 1.5, .calibration = "{}", .tuned = "{}"};
  ASSERT_THAT(collection_->SetSettings(settings), IsOk());
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
  ASSERT_THAT(collection_->SetSettings({}), IsOk());
  ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
  const auto opened = Collection::Open(restored(), CrashOptions());
  ASSERT_THAT(opened, IsOk());
  EXPECT_EQ((*opened)->settings(), settings);
}

TEST_F(SnapshotTest, SearchesGiveTheSame) {
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
  ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
  const auto opened = Collection::Open(restored(), CrashOptions());
  ASSERT_THAT(opened, IsOk());
  for (uint32_t i = 0; i < 10; ++i) {
    std::vector<float> query(CrashConfig().dim, 0.1F);
    query[i % query.size()] = 1;
    const auto here = collection_->View()->Search(query, {.k = 20, .filter = nullptr, .limits = {}});
    const auto there = (*opened)->View()->Search(query, {.k = 20, .filter = nullptr, .limits = {}});
    ASSERT_THAT(here, IsOk());
    ASSERT_THAT(there, IsOk());
    ASSERT_EQ(here->size(), there->size());
    for (size_t k = 0; k < here->size(); ++k) {
      EXPECT_EQ((*here)[k].unit, (*there)[k].unit);
      EXPECT_EQ((*here)[k].score, (*there)[k].score);
    }
  }
}

TEST_F(SnapshotTest, CommitsGoOnAndEachSnapshotIsOneMoment) {
  const std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) Advance(1);
  });
  for (int i = 0; i < 5; ++i) {
    ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
    ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
    ExpectBatches(restored(), 20, kAnyNumber);
    fs::remove_all(shot());
    fs::remove_all(restored());
  }
}

TEST_F(SnapshotTest, WhatIsThereAlreadyIsNotTouched) {
  WriteTestFile(shot() / "mine", "text");
  EXPECT_THAT(collection_->Snapshot(shot()), IsErrorWith(ErrorCode::kAlreadyExists, shot().string()));
  EXPECT_EQ(ReadTestFile(shot() / "mine"), "text");
  fs::remove(shot() / "mine");
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk()) << "an empty folder will do";
  EXPECT_THAT(RestoreSnapshot(shot(), live(), {}), IsError(ErrorCode::kAlreadyExists));
  WriteTestFile(restored() / "media" / "mine", "text");
  EXPECT_THAT(RestoreSnapshot(shot(), restored(), {}), IsErrorWith(ErrorCode::kFailedPrecondition, "media"));
  EXPECT_EQ(ReadTestFile(restored() / "media" / "mine"), "text");
}

TEST_F(SnapshotTest, SegmentsAndMediaComeAlongAndTemporaryFilesDoNot) {
  WriteTestFile(live() / "media" / "ab" / "original.jpg", "JPEG");
  WriteTestFile(live() / "media" / "ab" / "half.tmp17", "JP");
  WriteTestFile(live() / "segments" / "half.tmp", "SE");
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
  EXPECT_FALSE(fs::exists(shot() / "media" / "ab" / "half.tmp17"));
  EXPECT_FALSE(fs::exists(shot() / "segments" / "half.tmp"));
  ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
  EXPECT_EQ(ReadTestFile(restored() / "media" / "ab" / "original.jpg"), "JPEG");
}

TEST_F(SnapshotTest, UploadsOfACollectionInADataFolderComeAlong) {
  const fs::path data = dir_ / "data";
  fs::create_directories(data / "collections");
  const auto made = Collection::Create(CollectionFolder(data, "photos"), CrashConfig(), CrashOptions());
  ASSERT_THAT(made, IsOk());
  WriteTestFile(UploadFolder(data) / "photos" / "ab" / "upload.jpg", "JPEG");
  WriteTestFile(UploadFolder(data) / "others" / "ab" / "upload.jpg", "other");
  ASSERT_THAT((*made)->Snapshot(shot()), IsOk());
  EXPECT_EQ(ReadTestFile(shot() / "media" / "ab" / "upload.jpg"), "JPEG");
  ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
  EXPECT_EQ(ReadTestFile(restored() / "media" / "ab" / "upload.jpg"), "JPEG");
}

TEST_F(SnapshotTest, SealedSegmentsComeAlongAndAreChecked) {
  collection_.reset();
  fs::remove_all(live());
  auto made = Collection::Create(live(), CrashConfig(), IndexOptions{.kind = IndexKind::kFlat}, CrashOptions());
  ASSERT_THAT(made, IsOk());
  collection_ = *std::move(made);
  plan_ = CrashPlan();
  Advance(20);
  ASSERT_THAT(collection_->SealNow(), IsOk());
  Advance(5);
  const auto segments_in = [](const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(folder / "segments")) found.push_back(entry.path());
    return found;
  };
  const size_t sealed = segments_in(live()).size();
  ASSERT_GT(sealed, 0U);
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
  EXPECT_EQ(segments_in(shot()).size(), sealed);
  Advance(10);
  ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
  {
    const auto opened = Collection::Open(restored(), CrashOptions());
    ASSERT_THAT(opened, IsOk());
    EXPECT_THAT(Differences(**opened, 25), ::testing::IsEmpty());
    EXPECT_EQ(segments_in(restored()).size(), sealed) << "what no manifest names would be gone";
    const auto report = (*opened)->Verify({});
    ASSERT_THAT(report, IsOk());
    EXPECT_TRUE(report->findings.empty()) << report->findings.front().what;
  }
  fs::remove_all(restored());
  collection_.reset();
  const fs::path segment = segments_in(shot())[0];
  std::string content = ReadTestFile(segment);
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 0x10);
  WriteTestFile(segment, content);
  EXPECT_THAT(RestoreSnapshot(shot(), restored(), {}), IsErrorWith(ErrorCode::kCorruption, "damaged"));
  EXPECT_THAT(Collection::Open(restored()), IsError(ErrorCode::kNotFound));
}

// Segments are sealed, merged and replaced all the time while snapshots are taken.
TEST_F(SnapshotTest, SnapshotsAreWholeWhileSegmentsComeAndGo) {
  collection_.reset();
  fs::remove_all(live());
  auto made = Collection::Create(live(), CrashConfig(), IndexOptions{.kind = IndexKind::kFlat, .seal_rows = 40},
                                 CrashOptions());
  ASSERT_THAT(made, IsOk());
  collection_ = *std::move(made);
  plan_ = CrashPlan();
  const std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) Advance(1);
  });
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
    ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
    ExpectBatches(restored(), 0, kAnyNumber);
    fs::remove_all(shot());
    fs::remove_all(restored());
  }
}

TEST_F(SnapshotTest, WhatAKilledProcessLeftOfItIsRemoved) {
  const auto left_by = [&](pid_t pid) { return fs::path(shot().string() + ".tmp" + std::to_string(pid)); };
  const pid_t ended = ::fork();
  if (ended == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(ended, nullptr, 0), ended);
  const fs::path other = shot().string() + ".tmpfiles";
  for (const fs::path& folder : {left_by(ended), left_by(::getppid()), other}) fs::create_directories(folder / "x");
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
  EXPECT_FALSE(fs::exists(left_by(ended)));
  EXPECT_TRUE(fs::exists(left_by(::getppid()))) << "of a process that lives";
  EXPECT_TRUE(fs::exists(other)) << "not ours";
}

TEST_F(SnapshotTest, UnfinishedOnesAreNotRestored) {
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
  fs::remove(shot() / "SNAPSHOT");
  EXPECT_THAT(RestoreSnapshot(shot(), restored(), {}), IsErrorWith(ErrorCode::kNotFound, "never finished"));
  EXPECT_THAT(RestoreSnapshot(dir_ / "nothing", restored(), {}), IsError(ErrorCode::kNotFound));
  EXPECT_FALSE(fs::exists(restored()));
}

// Every file in turn: gone, shorter, or with a byte that flipped. Nothing of it becomes a collection.
TEST_F(SnapshotTest, DamagedOnesAreNamedAndNeverRestored) {
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
  collection_.reset();
  const auto manifest = CheckSnapshot(shot());
  ASSERT_THAT(manifest, IsOk());
  size_t unnoticed = 0;
  for (const SnapshotFile& file : manifest->files) {
    const fs::path path = shot() / file.name;
    const std::string content = ReadTestFile(path);
    const auto restores = [&] {
      const auto restored_now = RestoreSnapshot(shot(), restored(), {});
      if (!restored_now) {
        EXPECT_FALSE(Collection::Open(restored()));
      }
      const bool ok = restored_now.has_value();
      fs::remove_all(restored());
      return ok;
    };
    fs::remove(path);
    EXPECT_THAT(CheckSnapshot(shot()), IsErrorWith(ErrorCode::kCorruption, file.name));
    if (!content.empty()) {
      WriteTestFile(path, content.substr(1));
      EXPECT_THAT(CheckSnapshot(shot()), IsErrorWith(ErrorCode::kCorruption, file.name));
      std::string flipped = content;
      flipped[content.size() / 2] = static_cast<char>(flipped[content.size() / 2] ^ 0x10);
      WriteTestFile(path, flipped);
      // Options are for people, and what RocksDB wrote ahead is in tables already.
      const bool may_pass = file.name.find("OPTIONS") != std::string::npos || path.extension() == ".log";
      const bool passed = restores();
      EXPECT_TRUE(!passed || may_pass) << file.name;
      unnoticed += passed ? 1 : 0;
    }
    WriteTestFile(path, content);
  }
  EXPECT_LT(unnoticed, manifest->files.size() / 2);
  ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
  ExpectRestored(20);
}

TEST_F(SnapshotTest, AnInterruptedRestoreIsBegunAgain) {
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
  // As a kill in the middle leaves it: files, a lock, no marker.
  fs::create_directories(restored() / "records");
  WriteTestFile(restored() / "LOCK", "");
  WriteTestFile(restored() / "media" / "left", "over");
  WriteTestFile(restored() / "records" / "000001.sst", "half");
  EXPECT_THAT(Collection::Open(restored()), IsErrorWith(ErrorCode::kNotFound, "never"));
  ASSERT_THAT(RestoreSnapshot(shot(), restored(), {}), IsOk());
  EXPECT_FALSE(fs::exists(restored() / "media"));
  ExpectRestored(20);
}

TEST_F(SnapshotTest, AStopEndsARestoreAndLeavesNoCollection) {
  ASSERT_THAT(collection_->Snapshot(shot()), IsOk());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(RestoreSnapshot(shot(), restored(), {.stop = stop.get_token()}), IsError(ErrorCode::kCancelled));
  EXPECT_THAT(Collection::Open(restored()), IsError(ErrorCode::kNotFound));
}

class SnapshotManifestTest : public ::testing::Test {
 protected:
  const SnapshotManifest manifest_ = {.info = {.format_version = 2,
                                               .created_at = 1'764'000'000,
                                               .epoch = Epoch{17},
                                               .items = 3,
                                               .units = 4,
                                               .vectors = 5,
                                               .files = 2,
                                               .size_bytes = 1'011},
                                      .files = {{"records/000012.sst", 1'000}, {"segments/1 .seg", 11}}};
};

// The last line is `printf ... | sha256sum` of the lines before it.
TEST_F(SnapshotManifestTest, HasTheDocumentedText) {
  EXPECT_EQ(EncodeSnapshotManifest(manifest_),
            "sightline snapshot 1\n"
            "format 2\n"
            "created 1764000000\n"
            "epoch 17\n"
            "items 3\n"
            "units 4\n"
            "vectors 5\n"
            "file 1000 records/000012.sst\n"
            "file 11 segments/1 .seg\n"
            "end 5f4ab7e21043db22c344d05efd80d09300c9df6a235defa18b34e98f8155637d\n");
  const auto decoded = DecodeSnapshotManifest(EncodeSnapshotManifest(manifest_));
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(*decoded, manifest_);
}

TEST_F(SnapshotManifestTest, EveryDamagedByteAndEveryCutIsNoticed) {
  const std::string text = EncodeSnapshotManifest(manifest_);
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x01);
    EXPECT_FALSE(DecodeSnapshotManifest(damaged)) << i;
    EXPECT_FALSE(DecodeSnapshotManifest(text.substr(0, i))) << i;
  }
  EXPECT_FALSE(DecodeSnapshotManifest(text + "\n"));
}

TEST_F(SnapshotManifestTest, NewerFormatsAndPathsThatLeadOutAreRefused) {
  EXPECT_THAT(DecodeSnapshotManifest("sightline snapshot 2\n"),
              IsErrorWith(ErrorCode::kFailedPrecondition, "format 2"));
  SnapshotManifest newer = manifest_;
  newer.info.format_version = 99;
  EXPECT_THAT(DecodeSnapshotManifest(EncodeSnapshotManifest(newer)),
              IsErrorWith(ErrorCode::kFailedPrecondition, "format version 99"));
  for (const char* name : {"../outside", "/etc/passwd", "records/../../x"}) {
    SnapshotManifest outside = manifest_;
    outside.files[0].name = name;
    EXPECT_THAT(DecodeSnapshotManifest(EncodeSnapshotManifest(outside)), IsError(ErrorCode::kCorruption)) << name;
  }
}

}  // namespace
}  // namespace sightline::storage
