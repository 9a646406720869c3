// SPDX-License-Identifier: BSD-3-Clause
#include "media/image.h"

#include <filesystem>
#include <string>
#include <vector>

#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TempDir;
using ::sightline::testing::TestData;
using ::sightline::testing::WriteTestFile;
using namespace testing;  // The helpers of this folder's tests.

std::string Fixture(std::string_view name) { return ReadTestFile(TestData("preprocess/pictures") / name); }

ImageRgb8 Decode(std::string_view file, const DecodeOptions& options = {}) {
  auto image = DecodeImage(MemorySource(file), options);
  EXPECT_THAT(image, IsOk());
  return image ? *std::move(image) : ImageRgb8{};
}

TEST(ImageTest, ProbeAgreesWithTheDecodedSize) {
  for (const auto& path : FixturePaths()) {
    const Source source = Source::FromFile(path);
    const auto info = ProbeImage(source, 100'000'000);
    ASSERT_THAT(info, IsOk()) << path;
    const auto image = DecodeImage(source, {.apply_exif_orientation = false});
    EXPECT_EQ(info->width, image->width) << path;
    EXPECT_EQ(info->height, image->height) << path;
    EXPECT_EQ(info->exif_orientation, path.filename() == "exif_orientation_6.jpg" ? 6 : 1) << path;
    EXPECT_FALSE(info->has_icc_profile) << path;
  }
}

TEST(ImageTest, ProbeNamesTheFormat) {
  const auto format_of = [](std::string_view name) {
    return ProbeImage(MemorySource(Fixture(name)), 10'000'000)->format;
  };
  EXPECT_EQ(format_of("rgb_420.jpg"), ImageFormat::kJpeg);
  EXPECT_EQ(format_of("rgb.png"), ImageFormat::kPng);
  EXPECT_EQ(format_of("lossy.webp"), ImageFormat::kWebp);
  EXPECT_EQ(format_of("palette.gif"), ImageFormat::kGif);
  EXPECT_EQ(format_of("rgb.bmp"), ImageFormat::kBmp);
}

TEST(ImageTest, ContentDecidesNotTheName) {
  const TempDir dir;
  WriteTestFile(dir / "really_a_png.jpg", Fixture("rgb.png"));
  const auto image = DecodeImage(Source::FromFile(dir / "really_a_png.jpg"), {});
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->pixels, Decode(Fixture("rgb.png")).pixels);
}

TEST(ImageTest, PartOfAFileDecodesLikeTheFile) {
  const TempDir dir;
  const std::string png = Fixture("rgb.png");
  WriteTestFile(dir / "a.tar", std::string(512, '\0') + png + std::string(1024, '\0'));
  const auto image = DecodeImage(Source::FromFileRange(dir / "a.tar", 512, png.size(), "a.tar/rgb.png"), {});
  ASSERT_THAT(image, IsOk());
  EXPECT_EQ(image->pixels, Decode(png).pixels);
}

// Losslessly stored pixels come back as they were.

TEST(ImageTest, LosslessFormatsKeepEveryByte) {
  const ImageRgb8 picture = Gradient(13, 7);
  std::vector<uint8_t> bgr = picture.pixels;
  for (size_t i = 0; i < bgr.size(); i += 3) std::swap(bgr[i], bgr[i + 2]);
  const std::vector<std::string> files = {EncodeStill(AV_CODEC_ID_PNG, AV_PIX_FMT_RGB24, 13, 7, picture.pixels),
                                          EncodeStill(AV_CODEC_ID_TIFF, AV_PIX_FMT_RGB24, 13, 7, picture.pixels),
                                          EncodeStill(AV_CODEC_ID_BMP, AV_PIX_FMT_BGR24, 13, 7, bgr),
                                          EncodeStill(AV_CODEC_ID_PPM, AV_PIX_FMT_RGB24, 13, 7, picture.pixels),
                                          EncodeStill(AV_CODEC_ID_PAM, AV_PIX_FMT_RGB24, 13, 7, picture.pixels),
                                          EncodeStill(AV_CODEC_ID_QOI, AV_PIX_FMT_RGB24, 13, 7, picture.pixels)};
  for (const std::string& file : files) {
    const ImageRgb8 image = Decode(file);
    EXPECT_EQ(image.width, 13);
    EXPECT_EQ(image.height, 7);
    EXPECT_EQ(image.pixels, picture.pixels) << file.substr(0, 4);
  }
}

TEST(ImageTest, AlphaIsDroppedNotBlended) {
  const std::vector<uint8_t> rgba = {10, 20, 30, 0, 40, 50, 60, 128, 70, 80, 90, 255};
  const std::vector<uint8_t> rgb = {10, 20, 30, 40, 50, 60, 70, 80, 90};
  for (const AVCodecID codec : {AV_CODEC_ID_PNG, AV_CODEC_ID_TIFF, AV_CODEC_ID_QOI, AV_CODEC_ID_PAM}) {
    EXPECT_EQ(Decode(EncodeStill(codec, AV_PIX_FMT_RGBA, 3, 1, rgba)).pixels, rgb) << codec;
  }
  const std::vector<uint8_t> gray_alpha = {10, 0, 20, 128, 30, 255};
  const std::vector<uint8_t> gray = {10, 10, 10, 20, 20, 20, 30, 30, 30};
  EXPECT_EQ(Decode(EncodeStill(AV_CODEC_ID_PNG, AV_PIX_FMT_YA8, 3, 1, gray_alpha)).pixels, gray);
}

TEST(ImageTest, SixteenBitColorsKeepTheirHighByte) {
  const std::vector<uint8_t> rgb48 = {1, 255, 2, 254, 3, 253, 200, 0, 100, 128, 50, 1};  // big-endian
  const std::vector<uint8_t> expected = {1, 2, 3, 200, 100, 50};
  EXPECT_EQ(Decode(EncodeStill(AV_CODEC_ID_PNG, AV_PIX_FMT_RGB48BE, 2, 1, rgb48)).pixels, expected);
  const std::vector<uint8_t> rgba64 = {1, 255, 2, 254, 3, 253, 9, 9, 200, 0, 100, 128, 50, 1, 0, 0};
  EXPECT_EQ(Decode(EncodeStill(AV_CODEC_ID_PNG, AV_PIX_FMT_RGBA64BE, 2, 1, rgba64)).pixels, expected);
  const std::vector<uint8_t> ya16 = {1, 255, 9, 9, 200, 0, 0, 0};
  EXPECT_EQ(Decode(EncodeStill(AV_CODEC_ID_PNG, AV_PIX_FMT_YA16BE, 2, 1, ya16)).pixels,
            (std::vector<uint8_t>{1, 1, 1, 200, 200, 200}));
  EXPECT_EQ(Decode(MakeTiff({.width = 1, .height = 1, .bits = 16}, std::string("\x01\x02\x03\x04\x05\x06", 6))).pixels,
            (std::vector<uint8_t>{2, 4, 6}));
}

TEST(ImageTest, SixteenBitGrayIsClipped) {
  const std::vector<uint8_t> gray16 = {0, 7, 0, 255, 1, 0, 255, 255};  // big-endian
  const std::vector<uint8_t> expected = {7, 7, 7, 255, 255, 255, 255, 255, 255, 255, 255, 255};
  EXPECT_EQ(Decode(EncodeStill(AV_CODEC_ID_PNG, AV_PIX_FMT_GRAY16BE, 4, 1, gray16)).pixels, expected);
  const std::string little_endian("\x07\0\xFF\0\0\x01\xFF\xFF", 8);
  EXPECT_EQ(
      Decode(MakeTiff({.width = 4, .height = 1, .samples = 1, .bits = 16, .photometric = 1}, little_endian)).pixels,
      expected);
}

TEST(ImageTest, FiveAndSixBitChannelsAreScaledToAllOfTheRange) {
  const std::vector<uint8_t> pixels = {0xFF, 0xFF, 0, 0, 0x21, 0x08};  // white, black, 1 2(or 1) 1
  const std::vector<uint8_t> rgb565 = {255, 255, 255, 0, 0, 0, 8, 4, 8};
  EXPECT_EQ(Decode(EncodeStill(AV_CODEC_ID_BMP, AV_PIX_FMT_RGB565LE, 3, 1, pixels)).pixels, rgb565);
  const std::vector<uint8_t> rgb555 = {255, 255, 255, 0, 0, 0, 16, 8, 8};
  EXPECT_EQ(Decode(EncodeStill(AV_CODEC_ID_BMP, AV_PIX_FMT_RGB555LE, 3, 1, pixels)).pixels, rgb555);
}

TEST(ImageTest, BilevelAndInvertedGrayHaveTheRightSense) {
  const std::string gray("\x00\x40\xFF", 3);
  EXPECT_EQ(Decode(MakeTiff({.width = 3, .height = 1, .samples = 1, .photometric = 1}, gray)).pixels,
            (std::vector<uint8_t>{0, 0, 0, 64, 64, 64, 255, 255, 255}));
  EXPECT_EQ(Decode(MakeTiff({.width = 3, .height = 1, .samples = 1, .photometric = 0}, gray)).pixels,
            (std::vector<uint8_t>{255, 255, 255, 191, 191, 191, 0, 0, 0}));
  EXPECT_EQ(Decode("P4\n3 1\n\x40").pixels, (std::vector<uint8_t>{255, 255, 255, 0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(Decode(MakeTiff({.width = 3, .height = 1, .samples = 1, .bits = 1, .photometric = 1}, "\x40")).pixels,
            (std::vector<uint8_t>{0, 0, 0, 255, 255, 255, 0, 0, 0}));
}

TEST(ImageTest, JpegXlIsCloseToTheOriginal) {
  if (avcodec_find_encoder(AV_CODEC_ID_JPEGXL) == nullptr) GTEST_SKIP() << "this FFmpeg cannot write JPEG XL";
  const ImageRgb8 picture = Gradient(40, 30);
  const ImageRgb8 image = Decode(EncodeStill(AV_CODEC_ID_JPEGXL, AV_PIX_FMT_RGB24, 40, 30, picture.pixels));
  ASSERT_EQ(image.pixels.size(), picture.pixels.size());
  double sum = 0;
  for (size_t i = 0; i < image.pixels.size(); ++i) sum += std::abs(image.pixels[i] - picture.pixels[i]);
  EXPECT_LT(sum / static_cast<double>(image.pixels.size()), 4.0);
}

// Animations.

TEST(ImageTest, AnimatedWebpGivesItsFirstFrame) {
  const std::string still = Fixture("lossless.webp");  // 120 x 80
  const std::string bitstream = still.substr(12);      // the VP8L chunk
  const std::string size = LittleEndian(120 - 1, 3) + LittleEndian(80 - 1, 3);
  const std::string frame = RiffChunk("ANMF", LittleEndian(0, 6) + size + LittleEndian(100, 3) + '\0' + bitstream);
  const std::string file = WebpFile(RiffChunk("VP8X", std::string("\x02\0\0\0", 4) + size) +
                                    RiffChunk("ANIM", LittleEndian(0, 6)) + frame + frame);
  const ImageRgb8 image = Decode(file);
  EXPECT_EQ(image.width, 120);
  EXPECT_EQ(image.pixels, Decode(still).pixels);
}

/// Where the first image of a GIF begins, behind its color table and extensions.
size_t FirstGifImage(const std::string& gif) {
  const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<uint8_t>(gif.at(at))); };
  size_t at = 13 + ((byte(10) & 0x80) != 0 ? size_t{3} << ((byte(10) & 7) + 1) : 0);
  while (byte(at) == 0x21) {
    for (at += 2; byte(at) != 0; at += byte(at) + 1) {
    }
    ++at;
  }
  return at;
}

TEST(ImageTest, GifTransparencyIsDropped) {
  const std::string gif = Fixture("palette.gif");
  const ImageRgb8 plain = Decode(gif);
  for (const char index : {'\x00', '\x03', '\x7F'}) {
    std::string transparent = gif;
    transparent.insert(FirstGifImage(gif), std::string("\x21\xF9\x04\x01\0\0", 6) + index + '\0');
    EXPECT_EQ(Decode(transparent).pixels, plain.pixels) << static_cast<int>(index);
  }
}

TEST(ImageTest, GifWithASecondFrameGivesTheFirst) {
  std::string gif = Fixture("palette.gif");
  const ImageRgb8 first = Decode(gif);
  // One black pixel more, drawn by a second frame: code size 2; clear, 0, end.
  const std::string second = std::string("\x2C\0\0\0\0\x01\0\x01\0\0", 10) + std::string("\x02\x02\x44\x01\0", 5);
  gif.insert(gif.rfind('\x3B'), second);
  EXPECT_EQ(Decode(gif).pixels, first.pixels);
}

TEST(ImageTest, TiffWithMorePagesGivesTheFirst) {
  std::string tiff = MakeTiff({.width = 1, .height = 1}, "abc");
  // The directory names itself as the next one.
  tiff.replace(8 + 2 + 10 * 12, 4, LittleEndian(8, 4));
  EXPECT_EQ(Decode(tiff).pixels, (std::vector<uint8_t>{'a', 'b', 'c'}));
}

// EXIF orientation.

/// What orientation 6 shows: row 0 of the stored picture on the right.
ImageRgb8 TurnedRight(const ImageRgb8& stored) {
  ImageRgb8 seen{stored.height, stored.width, {}};
  for (int y = 0; y < seen.height; ++y) {
    for (int x = 0; x < seen.width; ++x) {
      const int at = ((stored.height - 1 - x) * stored.width + y) * 3;
      for (const int channel : {0, 1, 2}) seen.pixels.push_back(stored.pixels[static_cast<size_t>(at + channel)]);
    }
  }
  return seen;
}

void ExpectTurnedRight(std::string_view file, const ImageRgb8& stored) {
  EXPECT_EQ(ProbeImage(MemorySource(file), 10'000'000)->exif_orientation, 6);
  const ImageRgb8 expected = TurnedRight(stored);
  const ImageRgb8 seen = Decode(file);
  EXPECT_EQ(seen.width, expected.width);
  EXPECT_EQ(seen.height, expected.height);
  EXPECT_EQ(seen.pixels, expected.pixels);
  EXPECT_EQ(Decode(file, {.apply_exif_orientation = false}).pixels, stored.pixels);
}

TEST(ImageOrientationTest, JpegIsShownUpright) {
  const std::string jpeg = Fixture("rgb_422_odd.jpg");
  ExpectTurnedRight(JpegWithExif(jpeg, ExifBlock(6, true)), Decode(jpeg));
  ExpectTurnedRight(JpegWithExif(jpeg, ExifBlock(6, false)), Decode(jpeg));
  ExpectTurnedRight(Fixture("exif_orientation_6.jpg"),
                    Decode(Fixture("exif_orientation_6.jpg"), {.apply_exif_orientation = false}));
}

TEST(ImageOrientationTest, PngIsShownUpright) {
  const std::string png = Fixture("rgb_224x100.png");
  ExpectTurnedRight(PngWithChunk(png, "eXIf", ExifBlock(6, false)), Decode(png));
}

TEST(ImageOrientationTest, WebpIsShownUpright) {
  const std::string still = Fixture("lossless.webp");
  const std::string size = LittleEndian(120 - 1, 3) + LittleEndian(80 - 1, 3);
  for (const std::string& exif : {ExifBlock(6, true), std::string("Exif\0\0", 6) + ExifBlock(6, false)}) {
    const std::string file =
        WebpFile(RiffChunk("VP8X", std::string("\x08\0\0\0", 4) + size) + still.substr(12) + RiffChunk("EXIF", exif));
    ExpectTurnedRight(file, Decode(still));
  }
}

TEST(ImageOrientationTest, TiffIsShownUpright) {
  const std::string pixels = "abcdefghijklmnopqr";
  ExpectTurnedRight(MakeTiff({.width = 3, .height = 2, .orientation = 6}, pixels),
                    ImageRgb8{3, 2, {pixels.begin(), pixels.end()}});
}

TEST(ImageOrientationTest, EveryValueGivesTheRightSize) {
  const std::string jpeg = Fixture("portrait_100x150.jpg");
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const ImageRgb8 seen = Decode(JpegWithExif(jpeg, ExifBlock(orientation, true)));
    EXPECT_EQ(seen.width, orientation >= 5 ? 150 : 100) << orientation;
    EXPECT_EQ(seen.height, orientation >= 5 ? 100 : 150) << orientation;
  }
}

// Input that is no picture.

TEST(ImageMalformedTest, WhatIsNoPictureIsSaid) {
  using enum ErrorCode;
  const auto decode = [](std::string_view file) { return DecodeImage(MemorySource(file, "upload.png"), {}); };
  EXPECT_THAT(decode(""), IsErrorWith(kCorruption, "upload.png: the file is empty"));
  EXPECT_THAT(decode("just some text\n"), IsErrorWith(kUnsupported, "upload.png: not a picture format we know"));
  EXPECT_THAT(decode("<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
              IsErrorWith(kUnsupported, "SVG"));
  EXPECT_THAT(decode("#EXTM3U\nhttp://127.0.0.1/a.png\n"), IsError(kUnsupported));
  EXPECT_THAT(decode(std::string("\0\0\0\x18"
                                 "ftypisom\0\0\2\0isommp42",
                                 24)),
              IsError(kUnsupported));
  EXPECT_THAT(ProbeImage(MemorySource("text", "a.jpg"), 100), IsErrorWith(kUnsupported, "a.jpg"));
}

TEST(ImageMalformedTest, MagicAloneIsCorrupt) {
  for (const std::string& magic :
       {std::string("\xFF\xD8\xFF"), std::string("\x89PNG\r\n\x1A\n"), std::string("GIF89a"), std::string("BM"),
        std::string("II*\0", 4), std::string("MM\0*", 4), std::string("RIFF\0\0\0\0WEBP", 12), std::string("P6\n"),
        std::string("qoif"), std::string("\xFF\x0A"),
        std::string("\0\0\0\x14"
                    "ftypheic\0\0\0\0heic",
                    20),
        std::string("\0\0\0\x14"
                    "ftypavif\0\0\0\0avif",
                    20)}) {
    EXPECT_THAT(DecodeImage(MemorySource(magic), {}), IsError(ErrorCode::kCorruption)) << magic;
    EXPECT_THAT(ProbeImage(MemorySource(magic), 100), IsError(ErrorCode::kCorruption)) << magic;
  }
}

TEST(ImageMalformedTest, MissingFileAndFolderAreSaid) {
  const TempDir dir;
  EXPECT_THAT(DecodeImage(Source::FromFile(dir / "gone.jpg"), {}), IsErrorWith(ErrorCode::kNotFound, "gone.jpg"));
  EXPECT_THAT(DecodeImage(Source::FromFile(dir.path()), {}), IsError(ErrorCode::kInvalidArgument));
}

TEST(ImageMalformedTest, CutJpegKeepsItsRows) {
  const ImageRgb8 image = Decode(Fixture("truncated_420.jpg"));
  EXPECT_EQ(image.pixels.back(), 128);
  EXPECT_NE(image.pixels.front(), 128);
}

TEST(ImageNamesTest, ExtensionsOfPicturesAreKnown) {
  for (const char* name : {"a.jpg", "b.JPEG", "c.d.Png", "/x/y.webp", "e.HEIC", "f.avif", "g.gif", "h.bmp", "i.TIF"}) {
    EXPECT_TRUE(HasImageExtension(name)) << name;
  }
  for (const char* name : {"", "jpg", ".jpg", "dir/.png", "a.mp4", "a.svg", "a.jpg.txt", "a.", "a.png/b", "README"}) {
    EXPECT_FALSE(HasImageExtension(name)) << name;
  }
}

}  // namespace
}  // namespace sightline::media
