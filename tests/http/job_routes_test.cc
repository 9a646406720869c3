// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/http/api_fixture.h"
#include "tests/indexer/test_videos.h"
#include "tests/support/tar_bytes.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

using testing::Answer;
using ::testing::HasSubstr;

/// Holds the encoder until it is told to go on.
class Gate {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    reached_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void WaitUntilReached() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return reached_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  bool open_ = false;
};

class JobRoutesTest : public testing::ApiFixture {
 protected:
  JobRoutesTest() { Put("/v1/collections/photos"); }
  ~JobRoutesTest() override {
    gate_.Open();
    Stop();
  }

  void WritePhotos(uint32_t count) { testing::WriteManyBmps(root() / "photos", "p", count); }
  std::string PhotosJob() const { return fmt::format(R"({{"paths": ["{}"]}})", (root() / "photos").string()); }
  void HoldEncoder() {
    encoder_->before_encode_images = [this](size_t) { gate_.Wait(); };
  }
  static uint64_t IdOf(const Answer& answer) { return answer.json().at("id").to_number<uint64_t>(); }
  static std::string UrlOf(uint64_t id) { return fmt::format("/v1/collections/photos/jobs/{}", id); }
  Answer Submit() { return Post("/v1/collections/photos/jobs", PhotosJob()); }
  std::string StateOf(uint64_t id) { return std::string(Get(UrlOf(id)).json().at("state").as_string()); }

  Gate gate_;
};

TEST_F(JobRoutesTest, JobIndexesAFolderAndTellsHowItWent) {
  WritePhotos(3);
  testing::WriteTestFile(root() / "photos" / "broken.jpg", "no picture");
  const Answer started = Submit();
  ASSERT_EQ(started.status, 202) << started.body;
  EXPECT_EQ(started.header("Location"), UrlOf(IdOf(started)));
  const json::object job = WaitForJob("photos", IdOf(started));
  EXPECT_EQ(job.at("state"), "finished");
  EXPECT_EQ(job.at("items_added"), 3);
  EXPECT_EQ(job.at("error_count"), 1);
  ASSERT_EQ(job.at("errors").as_array().size(), 1U);
  EXPECT_THAT(std::string(job.at("errors").at(0).at("path").as_string()), HasSubstr("broken.jpg"));
  EXPECT_EQ(job.at("progress").at("files_found"), 4);
  EXPECT_EQ(job.at("items_done"), 4);
  EXPECT_EQ(job.at("items_total"), 4);
  EXPECT_EQ(Get(UrlOf(IdOf(started)) + "?errors=0").json().at("errors").as_array().size(), 0U);
  EXPECT_EQ(Get("/v1/collections/photos/items").json().at("items").as_array().size(), 3U);
  EXPECT_EQ(RunJob("photos", PhotosJob()).at("items_unchanged"), 3);
}

TEST_F(JobRoutesTest, ManifestsBringMetadata) {
  WritePhotos(1);
  testing::WriteTestFile(root() / "list.jsonl",
                         R"({"path": "photos/p-0000.bmp", "metadata": {"album": "Rome"}, "captions": ["a wall"]})"
                         "\n");
  const json::object job =
      RunJob("photos", fmt::format(R"({{"manifests": ["{}"]}})", (root() / "list.jsonl").string()));
  EXPECT_EQ(job.at("items_added"), 2) << job;
}

TEST_F(JobRoutesTest, UploadsAndSearchesGoOnWhileAJobRuns) {
  WritePhotos(2);
  HoldEncoder();
  const Answer started = Submit();
  gate_.WaitUntilReached();
  EXPECT_EQ(StateOf(IdOf(started)), "running");
  EXPECT_EQ(Get("/v1/collections/photos").status, 200);
  EXPECT_EQ(Delete("/v1/collections/photos").status, 409) << "it has a job";
  gate_.Open();
  EXPECT_EQ(Upload("photos", Picture({9, 9, 9})).status, 201);
  EXPECT_EQ(WaitForJob("photos", IdOf(started)).at("items_added"), 2);
}

TEST_F(JobRoutesTest, JobsWaitForEachOtherAndCanBeCancelled) {
  WritePhotos(40);
  HoldEncoder();
  const uint64_t first = IdOf(Submit());
  gate_.WaitUntilReached();
  const uint64_t second = IdOf(Submit());
  EXPECT_EQ(StateOf(second), "queued");
  const Answer cancelled = Delete(UrlOf(second));
  EXPECT_EQ(cancelled.status, 200);
  EXPECT_EQ(cancelled.json().at("state"), "stopped");
  EXPECT_EQ(Delete(UrlOf(first)).json().at("state"), "stopping");
  gate_.Open();
  const json::object job = WaitForJob("photos", first);
  EXPECT_EQ(job.at("state"), "stopped");
  EXPECT_LT(job.at("items_added").to_number<uint64_t>(), 40U);
  EXPECT_EQ(Delete(UrlOf(first)).json().at("state"), "stopped") << "again: it stays as it is";
  const auto jobs = Get("/v1/collections/photos/jobs").json().at("jobs").as_array();
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].at("id"), second) << "newest first";
  EXPECT_EQ(Get("/v1/collections/photos/jobs?limit=1").json().at("jobs").as_array().size(), 1U);
}

TEST_F(JobRoutesTest, JobsOutliveTheServerAndAreResumed) {
  WritePhotos(40);
  HoldEncoder();
  const uint64_t first = IdOf(Submit());
  gate_.WaitUntilReached();
  const uint64_t second = IdOf(Submit());
  jobs_->RequestStop();
  gate_.Open();
  Stop();
  Start();
  EXPECT_EQ(StateOf(first), "stopped");
  EXPECT_EQ(StateOf(second), "stopped");
  const json::object resumed = RunJob("photos", fmt::format(R"({{"resume": {}}})", second));
  EXPECT_EQ(resumed.at("state"), "finished") << resumed;
  EXPECT_EQ(Get("/v1/collections/photos/items").json().at("items").as_array().size(), 40U);
  const Answer again =
      Post("/v1/collections/photos/jobs", fmt::format(R"({{"resume": {}}})", resumed.at("id").to_number<uint64_t>()));
  EXPECT_EQ(again.status, 409) << "it has finished";
  EXPECT_EQ(again.field(), "/resume");
}

TEST_F(JobRoutesTest, ResumedJobKeepsItsClipOptionsUnlessTold) {
  HoldEncoder();
  WritePhotos(1);
  Submit();
  gate_.WaitUntilReached();
  testing::WriteAvi(root() / "video.avi", {{{200, 10, 10}, 8}});
  const std::string video = (root() / "video.avi").string();
  const Answer waiting = Post("/v1/collections/photos/jobs",
                              fmt::format(R"({{"paths": ["{}"], "clip_seconds": 2, "frame_vectors": false}})", video));
  jobs_->RequestStop();
  gate_.Open();
  Stop();
  Start();
  const json::object job = RunJob("photos", fmt::format(R"({{"resume": {}, "frames": 2}})", IdOf(waiting)));
  EXPECT_EQ(job.at("state"), "finished") << job;
  EXPECT_EQ(job.at("inputs"), json::array({video, "--clip-seconds=2", "--frames=2", "--no-frame-vectors"}));
  const auto items = Get("/v1/collections/photos/items").json().at("items").as_array();
  const auto is_video = [](const json::value& item) { return item.at("kind") == "video"; };
  const auto found = std::find_if(items.begin(), items.end(), is_video);
  ASSERT_NE(found, items.end());
  EXPECT_EQ(found->at("unit_ids").as_array().size(), 4U) << "of 8 seconds";
}

TEST_F(JobRoutesTest, ShardsAreIndexedByTheirPattern) {
  for (uint32_t i = 0; i < 2; ++i) {
    testing::TarBytes tar;
    tar.Add("a.bmp", Picture(testing::ColourNumber(i))).Add("a.txt", "a red car");
    testing::WriteTestFile(root() / fmt::format("shard-{:03}.tar", i), tar.Finish());
  }
  const auto submit = [&](const std::string& name) {
    return fmt::format(R"({{"paths": ["{}"]}})", (root() / name).string());
  };
  const json::object job = RunJob("photos", submit("shard-{000..001}.tar"));
  EXPECT_EQ(job.at("error_count"), 0) << job;
  const auto items = Get("/v1/collections/photos/items").json().at("items").as_array();
  ASSERT_EQ(items.size(), 4U) << "two pictures, each with its caption";
  EXPECT_EQ(items[0].at("paths").at(0), json::value((root() / "shard-000.tar#a.bmp").string()));
  const uint64_t id = items[0].at("item_id").to_number<uint64_t>();
  EXPECT_EQ(Get(fmt::format("/v1/items/photos/{}/media", id)).body, Picture(testing::ColourNumber(0)));
  const Answer missing = Post("/v1/collections/photos/jobs", submit("shard-{000..002}.tar"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.field(), "/paths/0");
  EXPECT_EQ(Post("/v1/collections/photos/jobs", submit("shard-{00000..10000}.tar")).status, 400) << "too many";
  EXPECT_EQ(Post("/v1/collections/photos/jobs", R"({"paths": ["/etc/{0..3}"]})").status, 400);
}

TEST_F(JobRoutesTest, JobWaitsForACommandThatIndexesInTheCollection) {
  WritePhotos(1);
  const auto hosted = host_->Find("photos");
  ASSERT_TRUE(hosted);
  std::unique_lock command((*hosted)->collection->job_mutex());
  const uint64_t id = IdOf(Submit());
  EXPECT_THAT(StateOf(id), ::testing::AnyOf("queued", "running"));
  command.unlock();
  EXPECT_EQ(WaitForJob("photos", id).at("state"), "finished");
}

TEST_F(JobRoutesTest, FailureOfAJobIsTold) {
  Put("/v1/collections/none", R"({"patch_storage": "none"})");
  WritePhotos(1);
  const json::object job =
      RunJob("none", fmt::format(R"({{"paths": ["{}"], "frame_vectors": false}})", (root() / "photos").string()));
  EXPECT_EQ(job.at("state"), "failed");
  EXPECT_THAT(std::string(job.at("failure").as_string()), HasSubstr("frame vectors"));
}

TEST_F(JobRoutesTest, PathsOutsideTheRootsAreRefused) {
  testing::TempDir outside;
  testing::WriteBmp(outside / "secret.bmp", {1, 2, 3});
  fs::create_directory_symlink(outside.path(), root() / "link");
  WritePhotos(1);
  const auto submit = [&](const std::string& kind, const fs::path& path) {
    return Post("/v1/collections/photos/jobs", fmt::format(R"({{"{}": ["{}"]}})", kind, path.string()));
  };
  EXPECT_EQ(submit("paths", outside.path()).field(), "/paths/0");
  EXPECT_EQ(submit("paths", root() / "link").field(), "/paths/0");
  EXPECT_EQ(submit("paths", "photos").field(), "/paths/0");
  EXPECT_EQ(submit("manifests", "/etc/passwd").field(), "/manifests/0");
  EXPECT_EQ(submit("captions", "/etc/passwd").field(), "/captions/0");
  const json::object job = RunJob("photos", fmt::format(R"({{"paths": ["{}"]}})", root().string()));
  EXPECT_EQ(job.at("items_added"), 1) << "the link inside is not followed";
  EXPECT_EQ(job.at("error_count"), 1);
  EXPECT_THAT(json::serialize(job), ::testing::Not(HasSubstr("secret")));
}

TEST_F(JobRoutesTest, BadRequestsNameTheirField) {
  WritePhotos(1);
  const auto field = [&](const std::string& body) { return Post("/v1/collections/photos/jobs", body).field(); };
  EXPECT_EQ(field("{}"), "/paths");
  EXPECT_EQ(field(R"({"paths": []})"), "/paths");
  EXPECT_EQ(field(R"({"paths": "x"})"), "/paths");
  EXPECT_EQ(field(R"({"paths": ["/x"], "resume": 1})"), "/paths");
  EXPECT_EQ(field(R"({"resume": 7})"), "/resume");
  std::string ranges = "/";
  for (int i = 0; i < 500'000; ++i) ranges += "{0..0}";
  EXPECT_EQ(field(fmt::format(R"({{"paths": ["{}"]}})", ranges)), "/paths/0");
  EXPECT_EQ(field(R"({"paths": ["/{0..99999}"]})"), "/paths/0");
  EXPECT_EQ(field(R"({"paths": ["/x"], "clip_seconds": 0})"), "/clip_seconds");
  EXPECT_EQ(field(R"({"paths": ["/x"], "clip_seconds": 2, "clip_overlap": 1.5})"), "/clip_overlap");
  EXPECT_EQ(field(R"({"paths": ["/x"], "frames": 65})"), "/frames");
  EXPECT_EQ(field(R"({"paths": ["/x"], "key_frames": 1})"), "/key_frames");
  EXPECT_EQ(field(R"({"paths": ["/x"], "colour": 1})"), "/colour");
  EXPECT_EQ(Get("/v1/collections/photos/jobs?limit=x").field(), "limit");
  EXPECT_EQ(Get(UrlOf(7)).status, 404);
  EXPECT_EQ(Delete(UrlOf(7)).status, 404);
  EXPECT_EQ(Get("/v1/collections/photos/jobs/x").status, 404);
  EXPECT_EQ(Post("/v1/collections/other/jobs", PhotosJob()).status, 404);
  Put("/v1/collections/raw", R"({"dim": 4})");
  EXPECT_EQ(Post("/v1/collections/raw/jobs", PhotosJob()).status, 409);
}

}  // namespace
}  // namespace sightline::http
