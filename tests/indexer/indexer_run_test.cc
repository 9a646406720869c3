// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/indexer/indexer_fixture.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using storage::JobState;
using testing::ColourNumber;
using testing::Contents;
using ::testing::ElementsAre;
using testing::ExpectExactAccounts;
using testing::IndexFixture;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::ItemAt;
using testing::NumberedName;
using ::testing::SizeIs;
using testing::WriteBmp;
using testing::WriteManyBmps;
using testing::WriteTestFile;

// Jobs, stops, progress and forecasts of runs.
class IndexerRunTest : public IndexerTest {};

INSTANTIATE_TEST_SUITE_P(Memory, IndexerRunTest, ::testing::Values(Store::kMemory));
INSTANTIATE_TEST_SUITE_P(EmbeddedIntegration, IndexerRunTest, ::testing::Values(Store::kEmbedded));

TEST_P(IndexerRunTest, JobRecordHasTheAccountsOfTheRun) {
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

TEST_P(IndexerRunTest, JobThatACrashLeftRunningIsEndedByTheNextRun) {
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

TEST_P(IndexerRunTest, StopFinishesTheBatchInHandAndTheNextRunGoesOn) {
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

TEST_P(IndexerRunTest, StopBeforeTheStartDoesNothing) {
  WriteManyBmps(fixture_.photos(), "p", 5);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(Index({}, stop.get_token()).stopped);
  EXPECT_EQ(encoded(), 0U);
}

TEST_P(IndexerRunTest, SameInputGivesTheSameIdsWhateverTheThreads) {
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

TEST_P(IndexerRunTest, ThousandsOfFilesGoThroughSmallQueues) {
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

// As RecordingObserver; the encoder's thread may ask whether all files were counted.
class CountObserver : public testing::RecordingObserver {
 public:
  void OnProgress(const IndexProgress& progress) override {
    RecordingObserver::OnProgress(progress);
    counted = counted || progress.scan_done;
  }
  std::atomic<bool> counted{false};
};

TEST_P(IndexerRunTest, ObserverHearsOfProgressAndTheEnd) {
  WriteManyBmps(fixture_.photos(), "p", 20);
  WriteTestFile(photo("z.bmp"), "no picture");
  fixture_.options.encode_batch = 1;
  fixture_.encoder.delay = std::chrono::milliseconds(20);
  CountObserver observer;
  fixture_.encoder.before_encode_images = [&observer](size_t) {
    // At least one report comes before the next picture.
    if (!observer.counted) std::this_thread::sleep_for(std::chrono::milliseconds(400));
  };
  const auto report =
      Indexer(*collection_, fixture_.encoder, fixture_.options).Run({{fixture_.photos()}}, &observer, {});
  ASSERT_THAT(report, IsOk());
  const auto& reports = observer.reports;
  ASSERT_GE(reports.size(), 3U);
  EXPECT_LE(reports.size(), 2 + static_cast<size_t>(report->progress.seconds * 5));
  EXPECT_TRUE(
      std::is_sorted(reports.begin(), reports.end(), [](const auto& a, const auto& b) { return a.done() < b.done(); }));
  EXPECT_EQ(reports.back().done(), 21U);
  EXPECT_TRUE(reports.back().scan_done);
  EXPECT_GE(reports.back().seconds, 0.4);
  // The files were counted long before they were done: that is what an ETA needs.
  const auto counted =
      std::find_if(reports.begin(), reports.end(), [](const IndexProgress& each) { return each.scan_done; });
  EXPECT_EQ(counted->files_found, 21U);
  EXPECT_LT(counted->done(), 21U);
  ASSERT_THAT(observer.errors, SizeIs(1));
  EXPECT_EQ(observer.errors, report->errors);
}

TEST_P(IndexerRunTest, FileNamedAndInAFolderIsCountedOnce) {
  WriteManyBmps(fixture_.photos(), "p", 3);
  const IndexReport report = Index({photo("p-0001.bmp"), fixture_.photos(), photo("p-0002.bmp")});
  EXPECT_EQ(report.progress.files_found, 3U);
  EXPECT_EQ(report.progress.added, 3U);
}

TEST_P(IndexerRunTest, AFileWhoseTimeLiesInTheFutureIsReadAgain) {
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

TEST_P(IndexerRunTest, DryRunForecastsAndWritesNothing) {
  WriteManyBmps(fixture_.photos(), "p", 30);
  WriteTestFile(photo("empty.bmp"), "");
  fixture_.options.dry_run = true;
  fixture_.encoder.delay = std::chrono::milliseconds(40);
  const auto started = std::chrono::steady_clock::now();
  const IndexReport report = Index();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  EXPECT_TRUE(Contents(*collection_).empty());
  EXPECT_THAT(*collection_->Jobs(), IsEmpty());
  EXPECT_EQ(report.job, JobId{});
  EXPECT_EQ(report.forecast.files_to_encode, 30U) << "one is empty";
  // Of each: 5 x 8 patches in int8 with 5 scales, 8 floats, a small thumbnail, records.
  EXPECT_GT(report.forecast.bytes_to_store, 30U * (60 + 32));
  EXPECT_LT(report.forecast.bytes_to_store, 30U * 4096 + 120'000) << "and what an empty collection takes";
  EXPECT_GT(report.forecast.seconds, 30 * 0.040 / 8 * 0.9);  // the sample of up to 8 took one delay
  EXPECT_LT(report.forecast.seconds, 30 * took.count()) << "no picture takes longer than all of the sample";
  EXPECT_LE(encoded(), 16U) << "a sample, twice";
}

TEST_P(IndexerRunTest, DryRunCountsOnlyWhatIsNew) {
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
