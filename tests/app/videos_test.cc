// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include "tests/app/app_fixture.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Somebody on a bicycle, buildings at night, and the eight photos.
class VideosIntegrationTest : public AppIntegration {
 protected:
  static void SetUpTestSuite() {
    AppIntegration::SetUpTestSuite();
    std::filesystem::create_directories(videos());
    for (const char* name : {"clip-03.mp4", "clip-04.mp4"}) {
      std::filesystem::copy_file(testing::SourceTree("samples/videos") / name, videos() / name);
    }
    const RunResult index = Run({"index", "moving", photos(), videos()});
    ASSERT_EQ(index.exit_code, 0) << index.err;
  }

  static std::filesystem::path videos() { return *shared_ / "videos"; }
};

TEST_F(VideosIntegrationTest, WordsFindTheClipAndItsTimes) {
  const boost::json::value json =
      Json(Run({"search", "moving", "somebody", "riding", "a", "bicycle", "--type", "clip", "--json"}));
  const boost::json::value& hit = json.at("hits").as_array().at(0);
  EXPECT_EQ(hit.at("path").as_string(), boost::json::string_view((videos() / "clip-03.mp4").c_str()));
  EXPECT_EQ(hit.at("type"), "clip");
  EXPECT_EQ(hit.at("start_ms"), 0);
  EXPECT_GT(hit.at("end_ms").as_int64(), 2500);
  EXPECT_GE(hit.at("best_frame_ms").as_int64(), hit.at("start_ms").as_int64());
  EXPECT_LT(hit.at("best_frame_ms").as_int64(), hit.at("end_ms").as_int64());
  EXPECT_TRUE(hit.at("match_probability").is_double());
  EXPECT_THAT(Run({"search", "moving", "tall buildings at night", "--type", "clip", "--top", "1", "--paths-only"}).out,
              HasSubstr("clip-04.mp4"));
}

TEST_F(VideosIntegrationTest, ThePageShowsAStillUntilTheFileIsGone) {
  const std::string file = *shared_ / "moments.html";
  const std::vector<std::string> search = {"search", "moving", "a bicycle", "--type", "clip", "--html", file};
  ASSERT_EQ(Run(search).exit_code, 0);
  EXPECT_THAT(testing::ReadTestFile(file), HasSubstr("clip-03.mp4#t=0.000"));
  EXPECT_THAT(testing::ReadTestFile(file), Not(HasSubstr("no still")));
  std::filesystem::rename(videos() / "clip-03.mp4", *shared_ / "away.mp4");
  EXPECT_EQ(Run(search).exit_code, 0);
  EXPECT_THAT(testing::ReadTestFile(file), HasSubstr("no still"));
  std::filesystem::rename(*shared_ / "away.mp4", videos() / "clip-03.mp4");
}

TEST_F(VideosIntegrationTest, ListAndStatusCountClipsAndTime) {
  EXPECT_THAT(Run({"status", "moving"}).out, HasSubstr("8 pictures, 2 videos (11 s in 2 clips)"));
  EXPECT_THAT(Run({"list", "moving"}).out, HasSubstr("640x360, 0:07, 1 clip"));
}

}  // namespace
}  // namespace sightline::app
