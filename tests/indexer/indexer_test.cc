// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/indexer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include "tests/indexer/index_fixture.h"
#include "tests/support/memory_collection.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using storage::Collection;
using storage::JobState;
using storage::PatchStorage;
using testing::BmpBytes;
using testing::ColourNumber;
using testing::Contents;
using ::testing::ElementsAre;
using testing::ExpectExactAccounts;
using testing::ExpectSound;
using testing::HasPath;
using testing::IndexFixture;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::ItemAt;
using testing::MemoryCollection;
using testing::NumberedName;
using ::testing::SizeIs;
using testing::TempDir;
using testing::WriteBmp;
using testing::WriteManyBmps;
using testing::WriteTestFile;

enum class Store { kMemory, kEmbedded };

/// Runs over the collection in memory and over the real one.
class IndexerTest : public ::testing::TestWithParam<Store> {
 protected:
  void SetUp() override { Create(); }

  // A fresh collection, after `fixture_` has been set up differently.
  void Create() {
    collection_.reset();
    if (GetParam() == Store::kMemory) {
      auto made = MemoryCollection::Create(fixture_.config());
      ASSERT_THAT(made, IsOk());
      collection_ = *std::move(made);
    } else {
      const fs::path folder = collections_ / ("collection" + std::to_string(++created_));
      auto made = Collection::Create(folder, fixture_.config());
      ASSERT_THAT(made, IsOk());
      collection_ = *std::move(made);
    }
  }

  IndexReport Index(std::vector<fs::path> paths = {}, std::stop_token stop = {}) {
    auto report = fixture_.Index(*collection_, std::move(paths), std::move(stop));
    EXPECT_THAT(report, IsOk());
    ExpectSound(*collection_);
    return report ? *std::move(report) : IndexReport{};
  }

  uint64_t encoded() const { return fixture_.encoder.images_encoded; }
  size_t unit_count() const { return collection_->View()->unit_count(); }
  fs::path photo(const std::string& name) const { return fixture_.photo(name); }

  IndexFixture fixture_;
  TempDir collections_;
  int created_ = 0;
  std::unique_ptr<Collection> collection_;
};

INSTANTIATE_TEST_SUITE_P(Memory, IndexerTest, ::testing::Values(Store::kMemory));
INSTANTIATE_TEST_SUITE_P(EmbeddedIntegration, IndexerTest, ::testing::Values(Store::kEmbedded));

TEST_P(IndexerTest, EveryPictureIsStoredWithEmbeddingPatchesAndThumbnail) {
  WriteManyBmps(fixture_.photos(), "p", 10);
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 10U);
  EXPECT_EQ(report.progress.encoded, 10U);
  EXPECT_FALSE(report.stopped);
  ExpectExactAccounts(report.progress);
  const auto contents = Contents(*collection_);
  ASSERT_THAT(contents, SizeIs(10));
  for (const auto& [name, item] : contents) {
    EXPECT_THAT(item.paths, ElementsAre(name));
    EXPECT_EQ(item.width, 6);
    EXPECT_EQ(item.height, 5);
    ASSERT_THAT(item.embeddings, SizeIs(1));
    EXPECT_THAT(item.embeddings[0], SizeIs(8));
    ASSERT_TRUE(item.tokens.at(0).has_value());
    EXPECT_EQ(item.tokens[0]->format, TokenFormat::kInt8);
    EXPECT_GT(item.thumbnail_bytes.at(0), 0U);
  }
}

TEST_P(IndexerTest, ItemTellsWhereAndWhenItsFileWasFound) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  IndexFixture::Settle();
  Index();
  const storage::ItemRecord item = ItemAt(*collection_, photo("a.bmp"));
  struct stat info {};
  ASSERT_EQ(::stat(photo("a.bmp").c_str(), &info), 0);
  ASSERT_THAT(item.paths, SizeIs(1));
  EXPECT_EQ(item.paths[0].path, photo("a.bmp").string());
  EXPECT_EQ(item.paths[0].size_bytes, fs::file_size(photo("a.bmp")));
  const timespec& changed = info.st_ctim;  // never before the modification here
  EXPECT_EQ(item.paths[0].mtime_ns, changed.tv_sec * 1'000'000'000 + changed.tv_nsec);
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  EXPECT_NEAR(static_cast<double>(item.added_at), static_cast<double>(now), 60);
}

TEST_P(IndexerTest, SecondRunReadsAndEncodesNothing) {
  WriteManyBmps(fixture_.photos(), "p", 10);
  IndexFixture::Settle();
  Index();
  const auto before = Contents(*collection_);
  fixture_.options.max_file_bytes = 1;  // a file that is read fails
  const IndexReport again = Index();
  EXPECT_EQ(again.progress.unchanged, 10U);
  EXPECT_EQ(again.progress.added, 0U);
  EXPECT_EQ(encoded(), 10U);
  EXPECT_EQ(Contents(*collection_), before);
  ExpectExactAccounts(again.progress);
}

TEST_P(IndexerTest, RenamedFileKeepsItsItemAndIsNotEncodedAgain) {
  WriteManyBmps(fixture_.photos(), "p", 3);
  Index();
  const ItemId id = ItemAt(*collection_, photo("p-0001.bmp")).id;
  fs::rename(photo("p-0001.bmp"), photo("renamed.bmp"));
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.moved, 1U);
  EXPECT_EQ(report.progress.unchanged, 2U);
  EXPECT_EQ(encoded(), 3U);
  EXPECT_EQ(ItemAt(*collection_, photo("renamed.bmp")).id, id);
  EXPECT_FALSE(HasPath(*collection_, photo("p-0001.bmp")));
  EXPECT_EQ(unit_count(), 3U);
}

TEST_P(IndexerTest, SameContentIsStoredOnceWithEveryPath) {
  for (const char* name : {"a.bmp", "b.bmp", "c.bmp"}) WriteBmp(photo(name), {9, 9, 9});
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_EQ(report.progress.duplicate, 2U);
  EXPECT_EQ(encoded(), 1U);
  const auto contents = Contents(*collection_);
  ASSERT_THAT(contents, SizeIs(1));
  EXPECT_THAT(contents.begin()->second.paths, ElementsAre("a.bmp", "b.bmp", "c.bmp"));
  EXPECT_EQ(Index().progress.unchanged, 3U);
}

TEST_P(IndexerTest, SameContentFarApartIsEncodedOnce) {
  fixture_.options.encode_batch = 1;
  WriteManyBmps(fixture_.photos(), "p", 40);
  for (uint32_t i = 0; i < 40; i += 3) WriteBmp(photo(NumberedName("q", i)), ColourNumber(i));
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 40U);
  EXPECT_EQ(report.progress.duplicate, 14U);
  EXPECT_EQ(encoded(), 40U);
}

TEST_P(IndexerTest, DuplicateFoundLaterIsAddedToTheItem) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  Index();
  WriteBmp(photo("sub/b.bmp"), {9, 9, 9});
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.duplicate, 1U);
  EXPECT_EQ(encoded(), 1U);
  EXPECT_THAT(Contents(*collection_).at("a.bmp").paths, ElementsAre("a.bmp", "b.bmp"));
}

TEST_P(IndexerTest, ChangedContentKeepsTheItemAndDropsTheOldUnit) {
  WriteBmp(photo("a.bmp"), {255, 0, 0});
  Index();
  const storage::ItemRecord before = ItemAt(*collection_, photo("a.bmp"));
  WriteTestFile(photo("a.bmp"), BmpBytes(8, 2, {0, 0, 255}));
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_EQ(report.progress.updated, 1U);
  const storage::ItemRecord after = ItemAt(*collection_, photo("a.bmp"));
  EXPECT_EQ(after.id, before.id);
  EXPECT_EQ(after.width, 8);
  EXPECT_NE(after.hash, before.hash);
  EXPECT_NE(after.units, before.units);
  EXPECT_EQ(unit_count(), 1U);
  EXPECT_GT(Contents(*collection_).at("a.bmp").embeddings.at(0).at(2), 0.9F) << "blue now";
  EXPECT_EQ(Index().progress.unchanged, 1U);
}

TEST_P(IndexerTest, ChangedCopyBecomesAnItemOfItsOwn) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  WriteBmp(photo("b.bmp"), {9, 9, 9});
  Index();
  const ItemId id = ItemAt(*collection_, photo("a.bmp")).id;
  WriteTestFile(photo("a.bmp"), BmpBytes(4, 4, {1, 2, 3}));
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.updated, 1U);
  EXPECT_EQ(ItemAt(*collection_, photo("b.bmp")).id, id);
  EXPECT_NE(ItemAt(*collection_, photo("a.bmp")).id, id);
  EXPECT_EQ(Contents(*collection_).size(), 2U);
}

TEST_P(IndexerTest, FileThatBecomesACopyDropsItsOldItem) {
  WriteTestFile(photo("a.bmp"), BmpBytes(4, 4, {1, 2, 3}));
  WriteTestFile(photo("b.bmp"), BmpBytes(5, 5, {7, 8, 9}));
  Index();
  fs::copy_file(photo("a.bmp"), photo("b.bmp"), fs::copy_options::overwrite_existing);
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.duplicate, 1U);
  EXPECT_EQ(encoded(), 2U);
  const auto contents = Contents(*collection_);
  ASSERT_THAT(contents, SizeIs(1));
  EXPECT_THAT(contents.at("a.bmp").paths, ElementsAre("a.bmp", "b.bmp"));
  EXPECT_EQ(unit_count(), 1U);
}

TEST_P(IndexerTest, TouchedFileIsReadOnceMoreButNotEncoded) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  IndexFixture::Settle();
  Index();
  const auto old_stamp = ItemAt(*collection_, photo("a.bmp")).paths[0];
  fs::last_write_time(photo("a.bmp"), fs::last_write_time(photo("a.bmp")) - std::chrono::hours(1));
  IndexFixture::Settle();
  EXPECT_EQ(Index().progress.unchanged, 1U);
  EXPECT_EQ(encoded(), 1U);
  EXPECT_GT(ItemAt(*collection_, photo("a.bmp")).paths[0].mtime_ns, old_stamp.mtime_ns) << "when it was touched";
  fixture_.options.max_file_bytes = 1;  // a file that is read fails
  EXPECT_EQ(Index().progress.unchanged, 1U);
}

TEST_P(IndexerTest, FileReplacedByOneOfTheSameSizeAndModificationTimeIsNoticed) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  IndexFixture::Settle();
  Index();
  const auto time = fs::last_write_time(photo("a.bmp"));
  WriteBmp(photo("a.bmp"), {200, 9, 9});
  fs::last_write_time(photo("a.bmp"), time);
  IndexFixture::Settle();
  EXPECT_EQ(Index().progress.updated, 1U);
}

TEST_P(IndexerTest, FileThatJustChangedIsReadAgainByTheNextRun) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  Index();
  EXPECT_EQ(ItemAt(*collection_, photo("a.bmp")).paths[0].mtime_ns, 0);
  IndexFixture::Settle();
  EXPECT_EQ(Index().progress.unchanged, 1U);
  EXPECT_NE(ItemAt(*collection_, photo("a.bmp")).paths[0].mtime_ns, 0);
  EXPECT_EQ(encoded(), 1U);
}

TEST_P(IndexerTest, FilesThatSwapNamesAreNotEncodedAgain) {
  WriteTestFile(photo("a.bmp"), BmpBytes(4, 4, {1, 2, 3}));
  WriteTestFile(photo("b.bmp"), BmpBytes(5, 5, {7, 8, 9}));
  Index();
  const ItemId a = ItemAt(*collection_, photo("a.bmp")).id;
  const ItemId b = ItemAt(*collection_, photo("b.bmp")).id;
  fs::rename(photo("a.bmp"), photo("t"));
  fs::rename(photo("b.bmp"), photo("a.bmp"));
  fs::rename(photo("t"), photo("b.bmp"));
  ExpectExactAccounts(Index().progress);
  EXPECT_EQ(encoded(), 2U);
  EXPECT_EQ(ItemAt(*collection_, photo("a.bmp")).id, b);
  EXPECT_EQ(ItemAt(*collection_, photo("b.bmp")).id, a);
}

TEST_P(IndexerTest, NumberedFilesThatMoveUpByOneAreNotEncodedAgain) {
  fixture_.options.encode_batch = 100;
  WriteManyBmps(fixture_.photos(), "p", 6);
  Index();
  for (uint32_t i = 6; i > 0; --i) fs::rename(photo(NumberedName("p", i - 1)), photo(NumberedName("p", i)));
  WriteTestFile(photo("p-0000.bmp"), BmpBytes(60, 4, {250, 250, 3}));
  const IndexReport report = Index();
  ExpectExactAccounts(report.progress);
  EXPECT_EQ(encoded(), 7U);
  EXPECT_EQ(Contents(*collection_).size(), 7U);
  EXPECT_EQ(Index().progress.unchanged, 7U);
}

TEST_P(IndexerTest, ContentLostBetweenTwoBatchesIsEncodedAgain) {
  fixture_.options.encode_batch = 1;
  WriteTestFile(photo("a.bmp"), BmpBytes(4, 4, {1, 2, 3}));
  WriteTestFile(photo("c.bmp"), BmpBytes(5, 5, {7, 8, 9}));
  Index();
  // a takes the content of c, so its own is dropped; the new b ends the batch; then c comes up with what a had.
  fs::rename(photo("a.bmp"), photo("t"));
  fs::rename(photo("c.bmp"), photo("a.bmp"));
  fs::rename(photo("t"), photo("c.bmp"));
  WriteTestFile(photo("b.bmp"), BmpBytes(6, 6, {70, 80, 90}));
  ExpectExactAccounts(Index().progress);
  const auto contents = Contents(*collection_);
  ASSERT_THAT(contents, SizeIs(3));
  EXPECT_EQ(contents.at("a.bmp").width, 5);
  EXPECT_EQ(contents.at("b.bmp").width, 6);
  EXPECT_EQ(contents.at("c.bmp").width, 4);
}

TEST_P(IndexerTest, DeletedFileStaysInTheCollection) {
  WriteManyBmps(fixture_.photos(), "p", 2);
  Index();
  fs::remove(photo("p-0000.bmp"));
  EXPECT_EQ(Index().progress.unchanged, 1U);
  EXPECT_TRUE(HasPath(*collection_, photo("p-0000.bmp")));
}

TEST_P(IndexerTest, NameThatIsNotUtf8IsIndexedUnderItsBytes) {
  WriteBmp(photo("caf\xE9-\xFF.bmp"), {1, 2, 3});
  EXPECT_EQ(Index().progress.added, 1U);
  EXPECT_TRUE(HasPath(*collection_, photo("caf\xE9-\xFF.bmp")));
}

TEST_P(IndexerTest, PatchesAreStoredAsTheCollectionWantsThem) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  fixture_.patch_storage = PatchStorage::kFp16;
  Create();
  Index();
  EXPECT_EQ(Contents(*collection_).at("a.bmp").tokens.at(0)->format, TokenFormat::kFp16);
  fixture_.patch_storage = PatchStorage::kNone;
  Create();
  Index();
  EXPECT_FALSE(Contents(*collection_).at("a.bmp").tokens.at(0).has_value());
}

TEST_P(IndexerTest, ThumbnailsCanBeLeftOut) {
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  fixture_.options.thumbnail_side = 0;
  Index();
  EXPECT_THAT(Contents(*collection_).at("a.bmp").thumbnail_bytes, ElementsAre(0U));
}

TEST_P(IndexerTest, JobRecordHasTheAccountsOfTheRun) {
  WriteManyBmps(fixture_.photos(), "p", 5);
  WriteBmp(photo("q.bmp"), ColourNumber(0));
  WriteTestFile(photo("r.bmp"), "no picture");
  const IndexReport report = Index();
  const auto jobs = collection_->Jobs();
  ASSERT_THAT(jobs, IsOk());
  ASSERT_THAT(*jobs, SizeIs(1));
  const storage::JobRecord& job = jobs->front();
  EXPECT_EQ(job.id, report.job);
  EXPECT_EQ(job.state, JobState::kFinished);
  EXPECT_THAT(job.inputs, ElementsAre(fixture_.photos().string()));
  EXPECT_EQ(job.items_added, 5U);
  EXPECT_EQ(job.items_duplicate, 1U);
  EXPECT_EQ(job.error_count, 1U);
  EXPECT_EQ(job.errors, report.errors);
  Index();
  const auto again = collection_->Jobs();
  ASSERT_THAT(*again, SizeIs(2));
  EXPECT_GT(again->front().id, job.id);
  EXPECT_EQ(again->front().items_unchanged, 6U);
}

TEST_P(IndexerTest, JobThatACrashLeftRunningIsEndedByTheNextRun) {
  storage::WriteSet crashed;
  crashed.put_job.emplace();
  crashed.put_job->id = JobId{7};
  ASSERT_THAT(collection_->Commit(crashed), IsOk());
  WriteBmp(photo("a.bmp"), {9, 9, 9});
  EXPECT_EQ(Index().job, JobId{8});
  const auto jobs = collection_->Jobs();
  ASSERT_THAT(*jobs, SizeIs(2));
  EXPECT_EQ(jobs->at(0).state, JobState::kFinished);
  EXPECT_EQ(jobs->at(1).state, JobState::kStopped);
}

TEST_P(IndexerTest, StopFinishesTheBatchInHandAndTheNextRunGoesOn) {
  WriteManyBmps(fixture_.photos(), "p", 60);
  Index();
  const auto whole = Contents(*collection_);

  Create();
  std::stop_source stop;
  fixture_.encoder.image_calls = 0;
  fixture_.encoder.before_encode_images = [&](size_t) {
    if (fixture_.encoder.image_calls == 3) stop.request_stop();
  };
  const IndexReport report = Index({}, stop.get_token());
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(report.progress.added, 16U) << "four batches of four: the last was in hand";
  EXPECT_EQ(Contents(*collection_).size(), 16U);
  EXPECT_EQ(collection_->Jobs()->front().state, JobState::kStopped);

  fixture_.encoder.before_encode_images = nullptr;
  const IndexReport rest = Index();
  EXPECT_FALSE(rest.stopped);
  EXPECT_EQ(rest.progress.added, 44U);
  EXPECT_EQ(rest.progress.unchanged, 16U);
  EXPECT_EQ(Contents(*collection_), whole);
}

TEST_P(IndexerTest, StopBeforeTheStartDoesNothing) {
  WriteManyBmps(fixture_.photos(), "p", 5);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(Index({}, stop.get_token()).stopped);
  EXPECT_EQ(encoded(), 0U);
}

TEST_P(IndexerTest, SameInputGivesTheSameIdsWhateverTheThreads) {
  WriteManyBmps(fixture_.photos(), "p", 50);
  fixture_.options.decode_threads = 1;
  Index();
  std::vector<ItemId> ids;
  for (uint32_t i = 0; i < 50; ++i) ids.push_back(ItemAt(*collection_, photo(NumberedName("p", i))).id);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  Create();
  fixture_.options.decode_threads = 8;
  Index();
  for (uint32_t i = 0; i < 50; ++i) EXPECT_EQ(ItemAt(*collection_, photo(NumberedName("p", i))).id, ids[i]);
}

TEST_P(IndexerTest, ThousandsOfFilesGoThroughSmallQueues) {
  fixture_.options.encode_batch = 64;
  WriteManyBmps(fixture_.photos(), "p", 3000);
  // While the encoder works on the first batch, everything beyond the queues' reach disappears. Had the files been read
  // ahead without a bound, they would be indexed all the same.
  fixture_.encoder.before_encode_images = [&](size_t) {
    if (fixture_.encoder.image_calls > 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    for (uint32_t i = 500; i < 3000; ++i) fs::remove(photo(NumberedName("p", i)));
  };
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.added, 500U);
  EXPECT_EQ(report.progress.failed, 2500U);
  ExpectExactAccounts(report.progress);
}

TEST_P(IndexerTest, ObserverHearsOfProgressAndTheEnd) {
  WriteManyBmps(fixture_.photos(), "p", 20);
  WriteTestFile(photo("z.bmp"), "no picture");
  fixture_.encoder.delay = std::chrono::milliseconds(100);
  const IndexReport report = Index();
  const auto& reports = fixture_.observer.reports;
  ASSERT_GE(reports.size(), 3U);
  EXPECT_LE(reports.size(), 2 + static_cast<size_t>(report.progress.seconds * 5));
  EXPECT_TRUE(
      std::is_sorted(reports.begin(), reports.end(), [](const auto& a, const auto& b) { return a.done() < b.done(); }));
  EXPECT_EQ(reports.back().done(), 21U);
  EXPECT_TRUE(reports.back().scan_done);
  EXPECT_GE(reports.back().seconds, 0.5);
  // The files were counted long before they were done: that is what an ETA needs.
  EXPECT_TRUE(reports[1].scan_done);
  EXPECT_EQ(reports[1].files_found, 21U);
  EXPECT_LT(reports[1].done(), 21U);
  ASSERT_THAT(fixture_.observer.errors, SizeIs(1));
  EXPECT_EQ(fixture_.observer.errors, report.errors);
}

TEST_P(IndexerTest, FileNamedAndInAFolderIsCountedOnce) {
  WriteManyBmps(fixture_.photos(), "p", 3);
  const IndexReport report = Index({photo("p-0001.bmp"), fixture_.photos(), photo("p-0002.bmp")});
  EXPECT_EQ(report.progress.files_found, 3U);
  EXPECT_EQ(report.progress.added, 3U);
}

TEST_P(IndexerTest, AFileWhoseTimeLiesInTheFutureIsReadAgain) {
  const auto future = fs::file_time_type::clock::now() + std::chrono::hours(48);
  WriteBmp(photo("a.bmp"), {200, 100, 50});
  fs::last_write_time(photo("a.bmp"), future);
  IndexFixture::Settle();
  EXPECT_EQ(Index().progress.added, 1U);
  WriteBmp(photo("a.bmp"), {10, 20, 30});
  fs::last_write_time(photo("a.bmp"), future);
  IndexFixture::Settle();
  EXPECT_EQ(Index().progress.updated, 1U) << "the same size and time, and another content";
}

TEST_P(IndexerTest, DryRunForecastsAndWritesNothing) {
  WriteManyBmps(fixture_.photos(), "p", 30);
  WriteTestFile(photo("empty.bmp"), "");
  fixture_.options.dry_run = true;
  fixture_.encoder.delay = std::chrono::milliseconds(40);
  const IndexReport report = Index();
  EXPECT_TRUE(Contents(*collection_).empty());
  EXPECT_THAT(*collection_->Jobs(), IsEmpty());
  EXPECT_EQ(report.job, JobId{});
  EXPECT_EQ(report.forecast.files_to_encode, 30U) << "one is empty";
  // Of each: 5 x 8 patches in int8 with 5 scales, 8 floats, a small thumbnail, records.
  EXPECT_GT(report.forecast.bytes_to_store, 30U * (60 + 32));
  EXPECT_LT(report.forecast.bytes_to_store, 30U * 4096 + 120'000) << "and what an empty collection takes";
  EXPECT_GT(report.forecast.seconds, 30 * 0.040 / 8 * 0.9);  // the sample of up to 8 took one delay
  EXPECT_LT(report.forecast.seconds, 10);
  EXPECT_LE(encoded(), 16U) << "a sample, twice";
}

TEST_P(IndexerTest, DryRunCountsOnlyWhatIsNew) {
  WriteManyBmps(fixture_.photos(), "p", 5);
  IndexFixture::Settle();
  Index();
  WriteBmp(photo("new.bmp"), {200, 100, 50});
  fs::create_symlink("nowhere", photo("broken.bmp"));
  fixture_.options.dry_run = true;
  const IndexReport report = Index();
  EXPECT_EQ(report.progress.unchanged, 5U);
  EXPECT_EQ(report.progress.failed, 1U);
  EXPECT_EQ(report.forecast.files_to_encode, 1U);
  EXPECT_EQ(report.progress.files_found, 7U);
}

}  // namespace
}  // namespace sightline::indexer
