// SPDX-License-Identifier: BSD-3-Clause
// Verify finds planted damage, and no damage to a file goes unnoticed.
#include <algorithm>
#include <fstream>
#include <functional>

#include "storage/collection.h"
#include "storage/record_codec.h"
#include "storage/record_db_internal.h"
#include "tests/storage/crash_plan.h"
#include "tests/storage/sample_records.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::MakeSample;
using ::testing::Not;
using testing::Sample;
using testing::TempDir;

namespace fs = std::filesystem;

const CollectionConfig kConfig{"small", "", 16, PatchStorage::kInt8};

class VerifyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto made = Collection::Create(folder_, kConfig);
    ASSERT_THAT(made, IsOk());
    for (uint64_t i = 0; i < 5; ++i) samples_.push_back(MakeSample(**made, "/p/" + std::to_string(i), i + 1, 2));
    ASSERT_THAT((*made)->Commit(testing::Put(samples_)), IsOk());
  }

  /// Changes records behind the collection's back.
  void Damage(const std::function<void(RecordDb&, rocksdb::WriteBatch&)>& change) {
    const auto db = RecordDb::Open(folder_ / "records", {}, false);
    ASSERT_THAT(db, IsOk());
    rocksdb::WriteBatch batch;
    change(**db, batch);
    ASSERT_THAT((*db)->Write(batch, true), IsOk());
  }
  void Delete(Family family, const std::string& key) {
    Damage([&](RecordDb& db, rocksdb::WriteBatch& batch) { ASSERT_TRUE(batch.Delete(db.handle(family), key).ok()); });
  }
  void Put(Family family, const std::string& key, const std::string& value) {
    Damage(
        [&](RecordDb& db, rocksdb::WriteBatch& batch) { ASSERT_TRUE(batch.Put(db.handle(family), key, value).ok()); });
  }
  std::string Key(const Sample& sample) const { return EncodeIdKey(sample.units[0].record.id.value); }
  std::string ItemKey(const Sample& sample) const { return EncodeIdKey(sample.item.id.value); }

  void ExpectFinding(const std::string& part) {
    const auto opened = Collection::Open(folder_);
    ASSERT_THAT(opened, IsOk());
    const auto report = (*opened)->Verify({});
    ASSERT_THAT(report, IsOk());
    EXPECT_THAT(report->findings, Contains(Field(&VerifyFinding::what, HasSubstr(part))));
  }

  TempDir scratch_;
  const fs::path folder_ = scratch_ / "c";
  std::vector<Sample> samples_;
};

TEST_F(VerifyTest, SoundCollectionHasNoFindings) {
  const auto opened = Collection::Open(folder_);
  const auto report = (*opened)->Verify({});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(report->findings, IsEmpty());
  EXPECT_EQ(report->items_checked, 5u);
  EXPECT_EQ(report->units_checked, 5u);
}

TEST_F(VerifyTest, FindsMissingItem) {
  Delete(Family::kItems, ItemKey(samples_[2]));
  ExpectFinding("belongs to item 3, which does not list it");
}

TEST_F(VerifyTest, FindsMissingUnit) {
  Delete(Family::kUnits, Key(samples_[2]));
  ExpectFinding("item 3 lists unit 3, which does not say so");
  ExpectFinding("vectors has a record of unit 3, which does not exist");
  ExpectFinding("patches has a record of unit 3, which does not exist");
  ExpectFinding("thumbnails has a record of unit 3, which does not exist");
}

TEST_F(VerifyTest, FindsMissingTokensAndThumbnail) {
  Delete(Family::kPatches, Key(samples_[1]));
  Delete(Family::kThumbnails, Key(samples_[3]));
  ExpectFinding("unit 2 has 0 bytes of tokens");
  ExpectFinding("unit 4 has a thumbnail of 0 bytes");
}

TEST_F(VerifyTest, FindsLookupsThatLeadNowhereOrElsewhere) {
  Delete(Family::kPaths, "/p/1");
  Put(Family::kPaths, "/p/2", EncodeLookup(samples_[0].item.id));
  Put(Family::kHashes, std::string(16, 'h'), EncodeLookup(ItemId{77}));
  ExpectFinding("item 2: path /p/1 does not lead to it");
  ExpectFinding("item 3: path /p/2 does not lead to it");
  ExpectFinding("an entry of paths leads to item 1, which does not have it");
  ExpectFinding("an entry of hashes leads to item 77, which does not have it");
}

TEST_F(VerifyTest, FindsRecordsThatDoNotDecode) {
  Put(Family::kItems, ItemKey(samples_[0]), "nonsense");
  Put(Family::kPatches, Key(samples_[1]), "nonsense");
  Put(Family::kThumbnails, Key(samples_[2]), "nonsense");
  Put(Family::kJobs, EncodeIdKey(1), "nonsense");
  ExpectFinding("record of item 1 contradicts its format");
  ExpectFinding("record of the tokens of unit 2 contradicts its format");
  ExpectFinding("record of the thumbnail of unit 3 contradicts its format");
  ExpectFinding("record of job 1 contradicts its format");
}

TEST_F(VerifyTest, FindsWrongCounts) {
  Put(Family::kMeta, std::string(kStateKey), EncodeState({.epoch = Epoch{1}, .items = 4}));
  ExpectFinding("the stored counts are not those of the records");
  ExpectFinding("a unit is newer than the collection");
}

TEST_F(VerifyTest, FindsIdsThatWereNeverReserved) {
  Put(Family::kMeta, std::string(kCountersKey), EncodeCounters({2, 2}));
  ExpectFinding("an id is in use that was never reserved");
}

TEST_F(VerifyTest, UnreadableVectorsAreNamedWhenOpening) {
  Delete(Family::kVectors, Key(samples_[2]));
  EXPECT_THAT(Collection::Open(folder_), testing::IsErrorWith(ErrorCode::kCorruption, "unit 3 has no stored vectors"));
}

// Damage to files. Whatever happens to one, nobody gets wrong data without being told.

using FileDamage = std::function<void(std::string&)>;

const std::vector<std::pair<std::string, FileDamage>> kFileDamages = {
    {"emptied", [](std::string& content) { content.clear(); }},
    {"cut in half", [](std::string& content) { content.resize(content.size() / 2); }},
    {"zeroed", [](std::string& content) { std::fill(content.begin(), content.end(), '\0'); }},
    {"a bit flipped",
     [](std::string& content) {
       if (!content.empty()) content[content.size() / 3] = static_cast<char>(content[content.size() / 3] ^ 4);
     }},
};

void CopyFolder(const fs::path& from, const fs::path& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

/// Opens a damaged copy. @return empty when the damage was reported or did no harm.
std::string Judge(const fs::path& folder, uint64_t batches) {
  const auto opened = Collection::Open(folder, testing::CrashOptions());
  if (!opened) return opened.error().message.empty() ? "no message" : "";
  const auto report = (*opened)->Verify({});
  if (!report) return report.error().message.empty() ? "no message" : "";
  if (!report->findings.empty()) return "";
  const auto differences = testing::Differences(**opened, batches);
  return differences.empty() ? "" : differences.front();
}

/// A damaged segment is named, costs nothing that can be found, and is whole again after a repair. @return empty if so.
std::string JudgeSegment(const fs::path& folder, const fs::path& file, uint64_t batches) {
  const auto opened = Collection::Open(folder, testing::CrashOptions());
  if (!opened) return "cannot be opened: " + opened.error().message;
  const auto repaired = (*opened)->Repair();
  if (!repaired) return repaired.error().message;
  // The background may have made it again before.
  const auto names_it = [&](const std::string& line) {
    return line.find(file.filename().string()) != std::string::npos;
  };
  if (!repaired->left.empty()) return "left: " + repaired->left.front();
  if (!repaired->done.empty() && !std::any_of(repaired->done.begin(), repaired->done.end(), names_it)) {
    return "does not name the file: " + repaired->done.front();
  }
  if (!(*opened)->Stats()->index.damage.empty()) return "is still damaged";
  const auto differences = testing::Differences(**opened, batches);
  return differences.empty() ? "" : differences.front();
}

class DamagedFilesIntegrationTest : public ::testing::TestWithParam<IndexOptions> {};

INSTANTIATE_TEST_SUITE_P(Indexes, DamagedFilesIntegrationTest,
                         ::testing::Values(IndexOptions(), testing::CrashIndex(IndexKind::kFlat),
                                           testing::CrashIndex(IndexKind::kHnsw)),
                         [](const auto& tested) { return std::string(NameOf(tested.param.kind)); });

TEST_P(DamagedFilesIntegrationTest, DamageIsReportedOrHarmless) {
  const TempDir scratch;
  const fs::path sound = scratch / "sound", copy = scratch / "copy";
  uint64_t batches = 0;
  {
    const auto made = Collection::Create(sound, testing::CrashConfig(), GetParam(), testing::CrashOptions());
    testing::CrashPlan plan;
    for (batches = 0; batches < 40; ++batches) {
      const auto batch = plan.Advance();
      ASSERT_THAT((*made)->Commit(*testing::ToWriteSet(plan, batch, **made)), IsOk());
    }
    ASSERT_THAT((*made)->WaitForBackground(), IsOk());
  }
  // Recovery moves the write-ahead log into tables: a log that is cut looks like one whose end was never written, and
  // that is the one damage which cannot be told from a crash (docs/STORAGE_FORMAT.md).
  { ASSERT_THAT(Collection::Open(sound, testing::CrashOptions()), IsOk()); }
  ASSERT_EQ(Judge(sound, batches), "");
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(sound)) {
    if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), sound));
  }
  ASSERT_GT(files.size(), 8u);
  size_t segments = 0;
  for (const fs::path& file : files) {
    const bool is_segment = file.parent_path() == "segments";
    segments += is_segment ? 1 : 0;
    for (const auto& [name, damage] : kFileDamages) {
      CopyFolder(sound, copy);
      std::string content = testing::ReadTestFile(copy / file);
      damage(content);
      testing::WriteTestFile(copy / file, content);
      EXPECT_EQ(is_segment ? JudgeSegment(copy, file, batches) : Judge(copy, batches), "") << file << " " << name;
    }
    CopyFolder(sound, copy);
    fs::remove(copy / file);
    EXPECT_EQ(is_segment ? JudgeSegment(copy, file, batches) : Judge(copy, batches), "") << file << " removed";
  }
  EXPECT_EQ(segments > 0, GetParam().kind != IndexKind::kAuto);
}

}  // namespace
}  // namespace sightline::storage
