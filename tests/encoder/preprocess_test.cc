// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/preprocess.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TestData;

/// zlib's CRC-32, bit by bit.
std::string Crc32Hex(const std::vector<uint8_t>& bytes) {
  uint32_t crc = 0xFFFFFFFF;
  for (const uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u);
  }
  char text[9];
  std::snprintf(text, sizeof text, "%08x", crc ^ 0xFFFFFFFF);
  return text;
}

/// A bottom-up 24-bit BMP, which needs no decoder. All 28 pictures are checked in tests/media.
ImageRgb8 ReadBmp(const std::string& file, int width, int height) {
  const size_t row_bytes = (static_cast<size_t>(width) * 3 + 3) / 4 * 4;
  const size_t start = static_cast<uint8_t>(file.at(10));
  ImageRgb8 picture{width, height, {}};
  for (size_t y = static_cast<size_t>(height); y-- > 0;) {
    for (size_t x = 0; x < static_cast<size_t>(width); ++x) {
      const size_t pixel = start + y * row_bytes + x * 3;
      for (const size_t channel : {2u, 1u, 0u}) {
        picture.pixels.push_back(static_cast<uint8_t>(file.at(pixel + channel)));
      }
    }
  }
  return picture;
}

TEST(PreprocessParityTest, BitmapResizesAsTheReference) {
  const auto fixture = nlohmann::json::parse(ReadTestFile(TestData("preprocess/pictures.json")));
  const auto& pictures = fixture.at("pictures");
  const auto entry = std::find_if(pictures.begin(), pictures.end(),
                                  [](const auto& picture) { return picture.at("file") == "pictures/rgb.bmp"; });
  ASSERT_NE(entry, pictures.end());
  const ImageRgb8 picture =
      ReadBmp(ReadTestFile(TestData("preprocess/pictures/rgb.bmp")), entry->at("width"), entry->at("height"));
  ASSERT_EQ(Crc32Hex(picture.pixels), entry->at("crc32_of_decoded_rgb"));
  EXPECT_EQ(Crc32Hex(ResizeToModelPixels(picture, 96)->pixels), entry->at("crc32_96"));
  EXPECT_EQ(Crc32Hex(ResizeToModelPixels(picture, 224)->pixels), entry->at("crc32_224"));
}

ImageRgb8 Noise(int width, int height, uint32_t seed) {
  std::mt19937 random(seed);
  ImageRgb8 picture{width, height, {}};
  picture.pixels.resize(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  // Extremes make overshoot, so that clipping at both ends is covered.
  for (auto& value : picture.pixels)
    value = random() % 3 == 0 ? (random() % 2 ? 255 : 0) : static_cast<uint8_t>(random());
  return picture;
}

double Filter(double x) {
  x = std::fabs(x);
  if (x < 1) return ((1.5 * x - 2.5) * x) * x + 1;
  return x < 2 ? -0.5 * (((x - 5) * x + 8) * x - 4) : 0;
}

/// One value of one pass, written down from x2vlm-spec section 8.1 without any concern for speed.
template <typename PixelAt>
uint8_t Resample(int in, int out, int o, PixelAt pixel_at) {
  const double scale = static_cast<double>(in) / out;
  const double fs = std::max(scale, 1.0);
  const double center = (o + 0.5) * scale;
  const int lo = std::max(static_cast<int>(center - 2 * fs + 0.5), 0);
  const int hi = std::min(static_cast<int>(center + 2 * fs + 0.5), in);
  double sum = 0;
  for (int i = lo; i < hi; ++i) sum += Filter((i - center + 0.5) * (1 / fs));
  int64_t value = int64_t{1} << 21;
  for (int i = lo; i < hi; ++i) {
    const double w = Filter((i - center + 0.5) * (1 / fs)) / sum * (1 << 22);
    value += pixel_at(i) * static_cast<int64_t>(w + (w < 0 ? -0.5 : 0.5));
  }
  return static_cast<uint8_t>(std::clamp<int64_t>(value >> 22, 0, 255));
}

uint8_t At(const ImageRgb8& picture, int x, int y, int channel) {
  return picture.pixels[(static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x)) * 3 +
                        static_cast<size_t>(channel)];
}

ImageRgb8 ResizeBySpecification(const ImageRgb8& picture, int width, int height) {
  ImageRgb8 middle{width, picture.height, {}};
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        middle.pixels.push_back(width == picture.width
                                    ? At(picture, x, y, c)
                                    : Resample(picture.width, width, x, [&](int i) { return At(picture, i, y, c); }));
      }
    }
  }
  ImageRgb8 result{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        result.pixels.push_back(height == picture.height
                                    ? At(middle, x, y, c)
                                    : Resample(picture.height, height, y, [&](int i) { return At(middle, x, i, c); }));
      }
    }
  }
  return result;
}

TEST(PreprocessTest, EverySizeFollowsTheSpecificationExactly) {
  struct Sizes {
    int width, height, out_width, out_height;
  };
  uint32_t seed = 1;
  for (const Sizes& s : {Sizes{1, 1, 7, 5}, Sizes{1, 9, 4, 4}, Sizes{500, 375, 196, 196}, Sizes{37, 61, 96, 96},
                         Sizes{96, 150, 96, 96}, Sizes{150, 96, 96, 96}, Sizes{640, 7, 33, 34}, Sizes{3, 999, 96, 96},
                         Sizes{1023, 17, 224, 16}, Sizes{1, 1, 1, 1}, Sizes{13, 8, 13, 8}, Sizes{255, 257, 256, 256}}) {
    const ImageRgb8 picture = Noise(s.width, s.height, seed++);
    const auto resized = ResizeBicubic(picture, s.out_width, s.out_height);
    ASSERT_THAT(resized, IsOk());
    EXPECT_EQ(resized->width, s.out_width);
    EXPECT_EQ(resized->height, s.out_height);
    EXPECT_EQ(resized->pixels, ResizeBySpecification(picture, s.out_width, s.out_height).pixels)
        << s.width << " x " << s.height << " to " << s.out_width << " x " << s.out_height;
  }
}

TEST(PreprocessMalformedTest, ImpossiblePicturesAndSizesAreRefused) {
  const ImageRgb8 good = Noise(4, 4, 1);
  EXPECT_THAT(ResizeToModelPixels(ImageRgb8{}, 96), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ResizeToModelPixels(ImageRgb8{4, 5, good.pixels}, 96), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ResizeToModelPixels(ImageRgb8{-4, -4, good.pixels}, 96), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ResizeToModelPixels(good, 0), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ResizeBicubic(good, 96, -1), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ResizeBicubic(good, 1 << 20, 1 << 20), IsError(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace sightline::encoder
