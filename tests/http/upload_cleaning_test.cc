// SPDX-License-Identifier: BSD-3-Clause
#include "http/upload_cleaning.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "indexer/job_inputs.h"
#include "indexer/run_log.h"
#include "tests/http/api_fixture.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;

using testing::Answer;
using testing::IsError;
using testing::IsOk;

constexpr testing::Rgb kRed = {255, 0, 0};
constexpr testing::Rgb kBlue = {0, 0, 255};

class UploadCleaningTest : public testing::ApiFixture {
 protected:
  UploadCleaningTest() { Put("/v1/collections/photos"); }

  std::shared_ptr<HostedCollection> Photos() { return *host_->Find("photos"); }
  /// A file of an upload that has no record, as a crash leaves it.
  fs::path Strand(testing::Rgb colour) {
    const fs::path path = media_->PathOf("photos", Picture(colour), "bmp");
    EXPECT_THAT(media_->Put(path, Picture(colour)), IsOk());
    return path;
  }
  size_t Clean() {
    const auto removed = RemoveLeftovers(*media_, "photos", *Photos()->collection, {});
    EXPECT_THAT(removed, IsOk());
    return removed.value_or(999);
  }
  void RemoveRecord(uint64_t id) {
    storage::WriteSet changes;
    changes.remove_items = {ItemId{id}};
    EXPECT_THAT(Photos()->collection->Commit(changes), IsOk());
  }
};

TEST_F(UploadCleaningTest, FilesWithoutARecordGoAndTheOthersStay) {
  const uint64_t kept = IdOf(Upload("photos", Picture(kBlue)));
  const fs::path stranded = Strand(kRed);
  testing::WriteTestFile(fs::path(stranded).replace_extension("jsonl"), "{}");
  testing::WriteTestFile(fs::path(stranded) += ".tmp77", "half");
  EXPECT_EQ(Clean(), 3U);
  EXPECT_FALSE(fs::exists(stranded));
  EXPECT_EQ(Get(fmt::format("/v1/items/photos/{}/media", kept)).status, 200);
  EXPECT_EQ(Clean(), 0U);
}

TEST_F(UploadCleaningTest, FileWhoseRecordWasRemovedBeforeItGoes) {
  RemoveRecord(IdOf(Upload("photos", Picture(kRed))));
  EXPECT_EQ(UploadedFiles(), 1U);
  EXPECT_EQ(Clean(), 1U);
}

// Every path is another in a data folder that was moved.
TEST_F(UploadCleaningTest, FileWhoseContentAnItemHasStays) {
  testing::WriteTestFile(root() / "a.bmp", Picture(kRed));
  const std::string body = fmt::format(R"({{"path": "{}"}})", (root() / "a.bmp").string());
  ASSERT_EQ(Post("/v1/collections/photos/items", body).status, 201);
  const fs::path stranded = Strand(kRed);
  EXPECT_EQ(Clean(), 0U);
  EXPECT_TRUE(fs::exists(stranded));
}

TEST_F(UploadCleaningTest, FileOfAJobThatMayBeResumedStays) {
  const fs::path video = Strand(kRed);
  const fs::path manifest = fs::path(Strand(kBlue)).replace_extension("jsonl");
  testing::WriteTestFile(manifest, "{}");
  const indexer::IndexInputs inputs = {.paths = {video}, .manifests = {manifest}};
  auto job = indexer::PrepareJob(*Photos()->collection, indexer::JobInputs(inputs, {}));
  ASSERT_THAT(job, IsOk());
  EXPECT_EQ(Clean(), 0U);
  storage::WriteSet end;
  job->state = storage::JobState::kFinished;
  end.put_job = *job;
  ASSERT_THAT(Photos()->collection->Commit(end), IsOk());
  EXPECT_EQ(Clean(), 3U);
}

TEST_F(UploadCleaningTest, OfRemovedPathsOnlyUploadsThatNoItemHasGo) {
  const Answer shared = Upload("photos", Picture(kBlue));
  const fs::path gone = Strand(kRed);
  testing::WriteTestFile(root() / "a.bmp", Picture(kRed));
  const std::string in_use(shared.json().at("item").at("paths").at(0).as_string());
  const std::vector<std::string> paths = {gone.string(), (root() / "a.bmp").string(), in_use, "caption://1"};
  EXPECT_THAT(RemoveUnusedUploads(*media_, "photos", *Photos()->collection, paths, {}), IsOk());
  EXPECT_FALSE(fs::exists(gone));
  EXPECT_TRUE(fs::exists(root() / "a.bmp"));
  EXPECT_TRUE(fs::exists(in_use));
}

TEST_F(UploadCleaningTest, CleanerWorksInTheBackgroundAndLetsCollectionsBeDropped) {
  Strand(kRed);
  UploadCleaner cleaner(*host_, *media_);
  cleaner.Add("never there");
  cleaner.Add("photos");
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (UploadedFiles() > 0 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(UploadedFiles(), 0U);
  EXPECT_EQ(Delete("/v1/collections/photos").status, 204);
}

TEST_F(UploadCleaningTest, CancelledCleaningRemovesNothing) {
  Strand(kRed);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(RemoveLeftovers(*media_, "photos", *Photos()->collection, {.stop = stop.get_token()}),
              IsError(ErrorCode::kCancelled));
  EXPECT_EQ(UploadedFiles(), 1U);
}

}  // namespace
}  // namespace sightline::http
