// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <string>

#include "media/image.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsOk;
using testing::Gradient;

ImageRgb8 DecodeThumbnail(const ImageRgb8& picture, int max_side, int quality = 85) {
  const auto jpeg = MakeThumbnailJpeg(picture, max_side, quality);
  EXPECT_THAT(jpeg, IsOk());
  auto image = DecodeImage(Source::FromMemory(*jpeg, "thumbnail"), {});
  EXPECT_THAT(image, IsOk());
  return *std::move(image);
}

double MeanDifference(const ImageRgb8& a, const ImageRgb8& b) {
  EXPECT_EQ(a.pixels.size(), b.pixels.size());
  double sum = 0;
  for (size_t i = 0; i < std::min(a.pixels.size(), b.pixels.size()); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

TEST(ThumbnailTest, LongSideIsTheLimitAndTheRatioIsKept) {
  struct Case {
    int width, height, expected_width, expected_height;
  };
  for (const Case& c : {Case{1000, 500, 256, 128}, Case{500, 1000, 128, 256}, Case{257, 257, 256, 256},
                        Case{3000, 2, 256, 1}, Case{2, 3000, 1, 256}, Case{257, 1, 256, 1}, Case{333, 777, 110, 256}}) {
    const ImageRgb8 thumbnail = DecodeThumbnail(Gradient(c.width, c.height), 256);
    EXPECT_EQ(thumbnail.width, c.expected_width) << c.width << " x " << c.height;
    EXPECT_EQ(thumbnail.height, c.expected_height) << c.width << " x " << c.height;
  }
}

TEST(ThumbnailTest, SmallPicturesAreNotEnlarged) {
  for (const int side : {1, 7, 256}) {
    const ImageRgb8 thumbnail = DecodeThumbnail(Gradient(side, side), 256);
    EXPECT_EQ(thumbnail.width, side);
    EXPECT_EQ(thumbnail.height, side);
  }
}

TEST(ThumbnailTest, ShowsThePicture) {
  EXPECT_LT(MeanDifference(DecodeThumbnail(Gradient(1000, 700), 250, 95), Gradient(250, 175)), 2.0);
  EXPECT_LT(MeanDifference(DecodeThumbnail(Gradient(200, 100), 256, 95), Gradient(200, 100)), 2.0);
}

TEST(ThumbnailTest, HigherQualityTakesMoreBytes) {
  const ImageRgb8 picture = Gradient(400, 300);
  EXPECT_LT(MakeThumbnailJpeg(picture, 256, 30)->size(), MakeThumbnailJpeg(picture, 256, 95)->size());
}

TEST(ThumbnailMalformedTest, ImpossibleRequestsAreRefused) {
  const ImageRgb8 good = Gradient(10, 10);
  EXPECT_THAT(MakeThumbnailJpeg(ImageRgb8{}, 256, 80), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(MakeThumbnailJpeg(ImageRgb8{10, 11, good.pixels}, 256, 80), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(MakeThumbnailJpeg(good, 0, 80), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(MakeThumbnailJpeg(good, 256, 0), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(MakeThumbnailJpeg(good, 256, 101), IsError(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace sightline::media
