// SPDX-License-Identifier: BSD-3-Clause
//
// What DecodeImage refuses and when it stops.
#include <sys/resource.h>

#include <filesystem>
#include <string>
#include <vector>

#include "media/image.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TestData;
using testing::BigEndian;
using testing::FixturePaths;
using testing::LittleEndian;
using testing::MakeTiff;
using testing::MemorySource;

std::string Fixture(std::string_view name) { return ReadTestFile(TestData("preprocess/pictures") / name); }

TEST(ImageLimitsTest, PixelLimitIsInclusiveInEveryFormat) {
  for (const auto& path : FixturePaths()) {
    const auto info = ProbeImage(Source::FromFile(path), 100'000'000);
    const auto pixels = static_cast<uint64_t>(info->width) * static_cast<uint64_t>(info->height);
    EXPECT_THAT(DecodeImage(Source::FromFile(path), {.max_pixels = pixels}), IsOk()) << path;
    EXPECT_THAT(DecodeImage(Source::FromFile(path), {.max_pixels = pixels - 1}),
                IsErrorWith(ErrorCode::kResourceExhausted, path.string()));
  }
}

TEST(ImageLimitsTest, ByteLimitIsKept) {
  const Source source = Source::FromFile(TestData("preprocess/pictures/rgb.png"));
  EXPECT_THAT(DecodeImage(source, {.max_bytes = 100}), IsErrorWith(ErrorCode::kResourceExhausted, "rgb.png"));
  EXPECT_THAT(ProbeImage(source, 100), IsErrorWith(ErrorCode::kResourceExhausted, "rgb.png"));
}

int64_t PeakMemoryKiB() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST(ImageLimitsTest, HugeHeadersAreRefusedWithoutAllocation) {
  const std::string side = BigEndian(60'000, 4);
  std::string png = Fixture("rgb.png");
  png.replace(16, 8, side + side);
  std::string gif = Fixture("palette.gif");
  gif.replace(6, 4, LittleEndian(60'000, 2) + LittleEndian(60'000, 2));
  std::string bmp = Fixture("rgb.bmp");
  bmp.replace(18, 8, LittleEndian(60'000, 4) + LittleEndian(60'000, 4));
  std::string jpeg = Fixture("rgb_420.jpg");
  jpeg.replace(jpeg.find("\xFF\xC0") + 5, 4, BigEndian(60'000, 2) + BigEndian(60'000, 2));
  const std::string tiff = MakeTiff({.width = 60'000, .height = 60'000}, "abc");
  const int64_t before = PeakMemoryKiB();
  for (const std::string& file : {png, gif, bmp, jpeg, tiff}) {
    EXPECT_THAT(DecodeImage(MemorySource(file), {}),
                IsErrorWith(ErrorCode::kResourceExhausted, "60000 x 60000 pixels, more than the limit"));
    const auto info = ProbeImage(MemorySource(file), 10'000'000);
    ASSERT_THAT(info, IsOk());
    EXPECT_EQ(info->width, 60'000);
  }
  EXPECT_LT(PeakMemoryKiB() - before, 64 << 10);
  // Even a caller without a limit gets a limit as the reason, not "invalid data".
  EXPECT_THAT(DecodeImage(MemorySource(png), {.max_pixels = UINT64_MAX}), IsError(ErrorCode::kResourceExhausted));
}

TEST(ImageLimitsTest, PassedDeadlineAndStopEndTheWork) {
  std::stop_source stop;
  stop.request_stop();
  for (const auto& path : FixturePaths()) {
    const Source source = Source::FromFile(path);
    EXPECT_THAT(DecodeImage(source, {.limits = Limits::After(std::chrono::seconds(-1))}),
                IsError(ErrorCode::kDeadlineExceeded))
        << path;
    EXPECT_THAT(DecodeImage(source, {.limits = {.stop = stop.get_token()}}), IsError(ErrorCode::kCancelled)) << path;
  }
}

TEST(ImageLimitsTest, DeadlineEndsALargeJpegInTheMiddle) {
  const Source source = Source::FromFile(TestData("preprocess/pictures/large_3000x2000.jpg"));
  EXPECT_THAT(DecodeImage(source, {.limits = Limits::After(std::chrono::milliseconds(2))}),
              IsErrorWith(ErrorCode::kDeadlineExceeded, "large_3000x2000.jpg"));
}

TEST(ImageLimitsTest, JpegWithHundredsOfScansIsRefused) {
  const std::string jpeg = Fixture("progressive_420.jpg");
  const size_t last_scan = jpeg.rfind("\xFF\xDA");
  const size_t end = jpeg.rfind("\xFF\xD9");
  ASSERT_NE(last_scan, std::string::npos);
  std::string bomb = jpeg.substr(0, end);
  for (int i = 0; i < 600; ++i) bomb.append(jpeg, last_scan, end - last_scan);
  bomb += "\xFF\xD9";
  EXPECT_THAT(DecodeImage(MemorySource(bomb), {}), IsErrorWith(ErrorCode::kResourceExhausted, "scans"));
}

}  // namespace
}  // namespace sightline::media
