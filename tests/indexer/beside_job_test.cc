// SPDX-License-Identifier: BSD-3-Clause
// What may happen in a collection while a bulk job runs in it.
#include <chrono>
#include <future>
#include <mutex>
#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "indexer/job_inputs.h"
#include "indexer/run_log.h"
#include "tests/indexer/index_fixture.h"
#include "tests/support/memory_collection.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using testing::HasPath;
using ::testing::IsEmpty;
using testing::IsErrorWith;
using testing::IsOk;
using testing::ItemAt;
using ::testing::SizeIs;
using testing::WriteBmp;

class BesideJobTest : public ::testing::Test {
 protected:
  BesideJobTest() : collection_(*testing::MemoryCollection::Create(fixture_.config())) {}

  fs::path photo(const std::string& name) const { return fixture_.photo(name); }
  Indexer MakeIndexer() { return {*collection_, fixture_.encoder, fixture_.options}; }

  testing::IndexFixture fixture_;
  std::unique_ptr<testing::MemoryCollection> collection_;
};

TEST_F(BesideJobTest, SecondJobIsRefusedAndSingleFilesAreNot) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  const IndexInputs inputs = {.paths = {photo("a.bmp")}};
  const std::lock_guard running(collection_->job_mutex());
  std::jthread([&] {
    EXPECT_THAT(MakeIndexer().Run(inputs, nullptr, {}), IsErrorWith(ErrorCode::kUnavailable, "another job"));
    const auto report = MakeIndexer().RunUnrecorded(inputs, nullptr, {});
    ASSERT_THAT(report, IsOk());
    EXPECT_EQ(report->progress.added, 1U);
    EXPECT_EQ(report->job, JobId{});
  }).join();
  EXPECT_TRUE(HasPath(*collection_, photo("a.bmp")));
  EXPECT_THAT(*collection_->Jobs(), IsEmpty());
}

TEST_F(BesideJobTest, DescribedFileIsStoredWithItsMetadata) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  IndexInputs inputs;
  inputs.files = {{.path = photo("a.bmp"), .metadata = Metadata{{"album", {std::string("Rome")}}}}};
  ASSERT_THAT(MakeIndexer().RunUnrecorded(inputs, nullptr, {}), IsOk());
  EXPECT_EQ(*FirstValue<std::string>(ItemAt(*collection_, photo("a.bmp")).metadata, "album"), "Rome");
  inputs.files[0].metadata = std::nullopt;
  ASSERT_THAT(MakeIndexer().RunUnrecorded(inputs, nullptr, {}), IsOk());
  EXPECT_EQ(*FirstValue<std::string>(ItemAt(*collection_, photo("a.bmp")).metadata, "album"), "Rome");
}

TEST_F(BesideJobTest, DescribedFileThatIsGoneFailsByItself) {
  IndexInputs inputs;
  inputs.files = {{.path = photo("gone.bmp"), .metadata = std::nullopt}};
  const auto report = MakeIndexer().RunUnrecorded(inputs, nullptr, {});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(report->errors, ElementsAre(testing::ErrorAt(photo("gone.bmp"), "No such file")));
}

TEST_F(BesideJobTest, LinksThatLeadOutOfWhatMayBeReadFailAndTellNothing) {
  testing::TempDir outside;
  WriteBmp(outside / "secret.bmp", {9, 9, 9});
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  fs::create_directory_symlink(outside.path(), fixture_.photos() / "folder");
  fs::create_symlink(outside / "secret.bmp", photo("file.bmp"));
  testing::WriteTestFile(photo("list.jsonl"), "{\"path\": \"" + (outside / "secret.bmp").string() + "\"}\n");
  const std::string root = fs::canonical(fixture_.photos()).string();
  IndexInputs inputs = {.paths = {fixture_.photos(), outside / "secret.bmp"}, .manifests = {photo("list.jsonl")}};
  inputs.may_read = [&](const fs::path& path) { return path.string().starts_with(root); };
  const auto report = MakeIndexer().Run(inputs, nullptr, {});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->progress.added, 1U);
  const std::string why = "out of the folders";
  EXPECT_THAT(report->errors,
              ElementsAre(testing::ErrorAt(outside / "secret.bmp", why), testing::ErrorAt(photo("folder"), why),
                          testing::ErrorAt(photo("file.bmp"), why), testing::ErrorAt(outside / "secret.bmp", why)));
}

TEST_F(BesideJobTest, PreparedJobIsStoppedUntilItRunsUnderItsId) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  const IndexInputs inputs = {.paths = {fixture_.photos()}};
  const auto first = PrepareJob(*collection_, JobInputs(inputs, {}));
  const auto second = PrepareJob(*collection_, JobInputs(inputs, {}));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->id.value, first->id.value + 1);
  EXPECT_EQ((*collection_->Jobs())[0].state, storage::JobState::kStopped);
  fixture_.options.job = first->id;
  const auto report = MakeIndexer().Run(inputs, nullptr, {});
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->job, first->id);
  const auto jobs = *collection_->Jobs();
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_EQ(jobs[1].state, storage::JobState::kFinished);
  EXPECT_EQ(jobs[1].items_added, 1U);
  fixture_.options.job = JobId{77};
  EXPECT_THAT(MakeIndexer().Run(inputs, nullptr, {}), IsErrorWith(ErrorCode::kInvalidArgument, "77"));
}

TEST_F(BesideJobTest, RunCommitsNothingWhileSomebodyElseChangesTheCollection) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  const IndexInputs inputs = {.paths = {photo("a.bmp")}};
  std::unique_lock changing(collection_->change_mutex());
  auto run = std::async(std::launch::async, [&] { return MakeIndexer().RunUnrecorded(inputs, nullptr, {}); });
  EXPECT_EQ(run.wait_for(std::chrono::milliseconds(300)), std::future_status::timeout);
  EXPECT_FALSE(HasPath(*collection_, photo("a.bmp")));
  changing.unlock();
  EXPECT_THAT(run.get(), IsOk());
  EXPECT_TRUE(HasPath(*collection_, photo("a.bmp")));
}

}  // namespace
}  // namespace sightline::indexer
