// SPDX-License-Identifier: BSD-3-Clause
#include "app/progress_view.h"

#include <string>

#include <boost/json.hpp>

#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using indexer::IndexProgress;
using ::testing::HasSubstr;
using ::testing::Not;

IndexProgress SomeProgress() {
  IndexProgress progress;
  progress.files_found = 5;
  progress.scan_done = true;
  progress.added = 2;
  progress.seconds = 4;
  return progress;
}

IndexProgress ProgressWithScan() {
  IndexProgress progress = SomeProgress();
  progress.video_scan = {.path = "/films/a\n\xFF.mp4", .seconds = 1'561, .length_seconds = 3'600};
  return progress;
}

boost::json::value JsonEvent(const IndexProgress& progress) {
  const auto view = MakeProgressView({}, ProgressStyle::kJson);
  ::testing::internal::CaptureStdout();
  view->OnProgress(progress);
  return boost::json::parse(::testing::internal::GetCapturedStdout());
}

TEST(ProgressViewTest, LineTellsCountsRateAndWhatIsLeft) {
  EXPECT_EQ(ProgressLine(SomeProgress()), "2/5 files, 2 added, 0.5/s, 6 s left");
}

TEST(ProgressViewTest, LineTellsHowFarAVideoIsLookedThrough) {
  const std::string line = ProgressLine(ProgressWithScan());
  EXPECT_THAT(line, HasSubstr("2/5 files, 2 added, looking for scene cuts in a"));
  EXPECT_THAT(line, HasSubstr(".mp4: 43 % of 1 h 00 min"));
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  EXPECT_THAT(line, Not(HasSubstr("/films"))) << "only the name";
}

TEST(ProgressViewTest, ATimeBeyondTheLengthIsAllOfIt) {
  IndexProgress progress = ProgressWithScan();
  progress.video_scan->seconds = 3'601;
  EXPECT_THAT(ProgressLine(progress), HasSubstr(": 100 % of"));
}

TEST(ProgressViewTest, JsonTellsHowFarAVideoIsLookedThrough) {
  const boost::json::value event = JsonEvent(ProgressWithScan());
  EXPECT_EQ(event.at("event"), "progress");
  EXPECT_EQ(event.at("video_scan").at("path"), "/films/a\n\xEF\xBF\xBD.mp4");
  EXPECT_EQ(event.at("video_scan").at("seconds").to_number<double>(), 1'561);
  EXPECT_EQ(event.at("video_scan").at("length_seconds").to_number<double>(), 3'600);
  EXPECT_TRUE(JsonEvent(SomeProgress()).at("video_scan").is_null());
}

}  // namespace
}  // namespace sightline::app
