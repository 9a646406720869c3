// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include "app/video_frame.h"
#include "media/image.h"
#include "media/source.h"
#include "tests/app/app_fixture.h"

namespace sightline::app {
namespace {

using ::sightline::testing::IsOk;
using ::sightline::testing::SourceTree;
using ::testing::HasSubstr;

TEST(VideoTimeTest, SecondsMinutesAndHours) {
  EXPECT_EQ(ParseVideoTime("12.5"), 12'500'000);
  EXPECT_EQ(ParseVideoTime("0"), 0);
  EXPECT_EQ(ParseVideoTime("1:02.5"), 62'500'000);
  EXPECT_EQ(ParseVideoTime("1:02:03"), 3'723'000'000);
  for (const char* text :
       {"", "-1", "+1", "1e3", "nan", "12s", "1:60", "1.5:00", ":5", "5:", "1:2:3:4", "9999999999"}) {
    EXPECT_EQ(ParseVideoTime(text), std::nullopt) << text;
  }
}

class FrameIntegrationTest : public AppIntegration {
 protected:
  static std::string clip() { return SourceTree("samples/videos/clip-01.mp4"); }

  static ImageRgb8 Decode(const std::filesystem::path& path) {
    const auto picture = media::DecodeImage(media::Source::FromFile(path), {});
    EXPECT_THAT(picture, IsOk());
    return picture.value_or(ImageRgb8{});
  }

  static inline testing::TempDir folder_;
};

TEST_F(FrameIntegrationTest, WritesTheFrameAsJpegAndPng) {
  const std::filesystem::path png = folder_ / "frame.png";
  const RunResult result = Run({"frame", clip(), "--at", "1.5", "-o", png});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out + result.err, "");
  const auto expected = ReadVideoFrame(clip(), 1'500'000, 1);
  ASSERT_THAT(expected, IsOk());
  EXPECT_EQ(Decode(png).pixels, expected->pixels);
  const std::filesystem::path jpeg = folder_ / "frame.JPG";
  EXPECT_EQ(Run({"frame", clip(), "--at", "0:01.5", "-o", jpeg}).exit_code, 0);
  EXPECT_EQ(Decode(jpeg).width, expected->width);
  EXPECT_EQ(Decode(jpeg).height, expected->height);
}

TEST_F(FrameIntegrationTest, SaysWhatIsWrong) {
  const std::string out = folder_ / "out.jpg";
  ExpectError(Run({"frame", clip(), "--at", "3600", "-o", out}), 2, "the video ends at");
  ExpectError(Run({"frame", clip(), "--at", "soon", "-o", out}), 2, "no time");
  ExpectError(Run({"frame", clip(), "--at", "1", "-o", folder_ / "out.bmp"}), 2, "must end in .jpg or .png");
  ExpectError(Run({"frame", folder_ / "none.mp4", "--at", "1", "-o", out}), 3, "none.mp4");
  ExpectError(Run({"frame", SourceTree("samples/photos/photo-001.jpg"), "--at", "1", "-o", out}), 3, "not a video");
  ExpectError(Run({"frame", clip(), "--at", "1", "-o", folder_ / "no/folder/out.jpg"}), 4, "out.jpg");
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(FrameIntegrationTest, AFrameOfAVideoIsAQuery) {
  const RunResult result = Run({"search", "photos", "--image", clip() + "@1.5", "--paths-only", "--top", "3"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::filesystem::path png = folder_ / "query.png";
  ASSERT_EQ(Run({"frame", clip(), "--at", "1.5", "-o", png}).exit_code, 0);
  EXPECT_EQ(Run({"search", "photos", "--image", png, "--paths-only", "--top", "3"}).out, result.out);
}

TEST_F(FrameIntegrationTest, AFileWithAnAtInItsNameComesFirst) {
  const std::string named = folder_ / "clip.mp4@1.5";
  std::filesystem::copy_file(clip(), folder_ / "clip.mp4");
  std::filesystem::copy_file(photos() / "photo-003.jpg", named);
  const RunResult result = Run({"search", "photos", "--image", named, "--paths-only", "--top", "1"});
  EXPECT_EQ(result.out, (photos() / "photo-003.jpg").string() + "\n");
}

TEST_F(FrameIntegrationTest, AQueryThatNamesNoFrameIsAnError) {
  ExpectError(Run({"search", "photos", "--image", clip()}), 3, "name one of its frames by its time");
  ExpectError(Run({"search", "photos", "--image", clip() + "@soon"}), 3, "is no time");
  ExpectError(Run({"search", "photos", "--image", clip() + "@3600"}), 3, "the video ends at");
  ExpectError(Run({"search", "photos", "--image", folder_ / "none.mp4@1"}), 3, "none.mp4");
}

}  // namespace
}  // namespace sightline::app
