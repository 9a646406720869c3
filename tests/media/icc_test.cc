// SPDX-License-Identifier: BSD-3-Clause
#include "media/icc_internal.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <lcms2.h>

#include "media/image.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TestData;
using testing::BigEndian;
using testing::LittleEndian;
using testing::MemorySource;
using testing::RiffChunk;
using testing::WebpFile;

constexpr double kGamma = 2.19921875;

std::string Saved(cmsHPROFILE profile) {
  cmsUInt32Number size = 0;
  cmsSaveProfileToMem(profile, nullptr, &size);
  std::string bytes(size, '\0');
  cmsSaveProfileToMem(profile, bytes.data(), &size);
  cmsCloseProfile(profile);
  return bytes;
}

/// A profile with the primaries of Adobe RGB (1998).
std::string AdobeRgb() {
  const cmsCIExyY white{0.3127, 0.3290, 1.0};
  const cmsCIExyYTRIPLE primaries{{0.64, 0.33, 1.0}, {0.21, 0.71, 1.0}, {0.15, 0.06, 1.0}};
  cmsToneCurve* curve = cmsBuildGamma(nullptr, kGamma);
  cmsToneCurve* curves[] = {curve, curve, curve};
  cmsHPROFILE profile = cmsCreateRGBProfile(&white, &primaries, curves);
  cmsFreeToneCurve(curve);
  return Saved(profile);
}

std::string GrayProfile() {
  const cmsCIExyY white{0.3127, 0.3290, 1.0};
  cmsToneCurve* curve = cmsBuildGamma(nullptr, 1.8);
  cmsHPROFILE profile = cmsCreateGrayProfile(&white, curve);
  cmsFreeToneCurve(curve);
  return Saved(profile);
}

/// By the published matrix between the two spaces, which share their white.
std::vector<double> AdobeToSrgb(const std::vector<uint8_t>& adobe) {
  const auto linear = [&](size_t i) { return std::pow(adobe[i] / 255.0, kGamma); };
  const double r = 1.3982832 * linear(0) - 0.3982831 * linear(1);
  const double b = -0.0429383 * linear(1) + 1.0429383 * linear(2);
  std::vector<double> srgb;
  for (const double value : {r, linear(1), b}) {
    const double v = std::clamp(value, 0.0, 1.0);
    srgb.push_back(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055));
  }
  return srgb;
}

ByteSpan AsBytes(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(IccTest, ColorsFollowTheProfile) {
  for (const std::vector<uint8_t>& color : {std::vector<uint8_t>{255, 255, 255},
                                            {0, 0, 0},
                                            {128, 128, 128},
                                            {200, 120, 60},
                                            {60, 160, 90},
                                            {90, 80, 220}}) {
    ImageRgb8 image{1, 1, color};
    ASSERT_THAT(ConvertToSrgb(AsBytes(AdobeRgb()), {}, image), IsOk());
    const auto expected = AdobeToSrgb(color);
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(image.pixels[i], expected[i], 2.5) << ::testing::PrintToString(color);
  }
}

TEST(IccTest, LimitsEndTheWork) {
  ImageRgb8 image = testing::Gradient(10, 10);
  EXPECT_THAT(ConvertToSrgb(AsBytes(AdobeRgb()), Limits::After(std::chrono::seconds(-1)), image),
              IsError(ErrorCode::kDeadlineExceeded));
}

TEST(IccMalformedTest, UnusableProfilesChangeNothing) {
  const ImageRgb8 original = testing::Gradient(10, 10);
  const std::string profile = AdobeRgb();
  for (const std::string& bytes :
       {std::string("no profile"), profile.substr(0, profile.size() / 2), GrayProfile(), std::string(4096, '\xFF')}) {
    ImageRgb8 image = original;
    EXPECT_THAT(ConvertToSrgb(AsBytes(bytes), {}, image), IsOk());
    EXPECT_EQ(image.pixels, original.pixels);
  }
}

/// The profile changes the picture when asked for, and not otherwise.
void ExpectProfileIsSwitched(const std::string& file, const ImageRgb8& plain) {
  EXPECT_TRUE(ProbeImage(MemorySource(file), 10'000'000)->has_icc_profile);
  EXPECT_EQ(DecodeImage(MemorySource(file), {})->pixels, plain.pixels);
  ImageRgb8 expected = plain;
  ASSERT_THAT(ConvertToSrgb(AsBytes(AdobeRgb()), {}, expected), IsOk());
  ASSERT_NE(expected.pixels, plain.pixels);
  const auto converted = DecodeImage(MemorySource(file), {.convert_icc_to_srgb = true});
  ASSERT_THAT(converted, IsOk());
  EXPECT_EQ(converted->pixels, expected.pixels);
}

TEST(IccTest, JpegProfileIsAppliedOnRequest) {
  const std::string jpeg = ReadTestFile(TestData("preprocess/pictures/rgb_444.jpg"));
  const std::string content = std::string("ICC_PROFILE\0\1\1", 14) + AdobeRgb();
  const std::string file = jpeg.substr(0, 2) + "\xFF\xE2" + BigEndian(static_cast<uint32_t>(content.size() + 2), 2) +
                           content + jpeg.substr(2);
  ExpectProfileIsSwitched(file, *DecodeImage(MemorySource(jpeg), {}));
}

TEST(IccTest, WebpProfileIsAppliedOnRequest) {
  const std::string still = ReadTestFile(TestData("preprocess/pictures/lossless.webp"));
  const std::string size = LittleEndian(120 - 1, 3) + LittleEndian(80 - 1, 3);
  const std::string file = WebpFile(RiffChunk("VP8X", std::string("\x20\0\0\0", 4) + size) +
                                    RiffChunk("ICCP", AdobeRgb()) + still.substr(12));
  ExpectProfileIsSwitched(file, *DecodeImage(MemorySource(still), {}));
}

/// zlib's framing around uncompressed data of less than 64 KiB.
std::string Zlib(const std::string& data) {
  uint32_t a = 1;
  uint32_t b = 0;
  for (const char c : data) {
    a = (a + static_cast<uint8_t>(c)) % 65521;
    b = (b + a) % 65521;
  }
  const auto size = static_cast<uint32_t>(data.size());
  return "\x78\x01\x01" + LittleEndian(size, 2) + LittleEndian(~size, 2) + data + BigEndian(b << 16 | a, 4);
}

TEST(IccTest, PngProfileIsAppliedOnRequest) {
  const std::string png = ReadTestFile(TestData("preprocess/pictures/rgb.png"));
  const std::string file = testing::PngWithChunk(png, "iCCP", std::string("Adobe\0\0", 7) + Zlib(AdobeRgb()));
  ExpectProfileIsSwitched(file, *DecodeImage(MemorySource(png), {}));
}

}  // namespace
}  // namespace sightline::media
