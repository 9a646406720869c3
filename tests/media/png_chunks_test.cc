// SPDX-License-Identifier: BSD-3-Clause
#include "media/png_chunks_internal.h"

#include <string>

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
using testing::ExifBlock;
using ::testing::HasSubstr;
using testing::MemorySource;
using ::testing::Not;
using testing::PngWithChunk;

std::string Fixture(std::string_view name) { return ReadTestFile(TestData("preprocess/pictures") / name); }

std::string PictureOf(std::string_view png, bool keep_icc = false) {
  const auto content = ReadPngChunks(std::as_bytes(std::span(png)), keep_icc);
  EXPECT_THAT(content, IsOk());
  if (!content) return "";
  return {reinterpret_cast<const char*>(content->picture.data()), content->picture.size()};
}

TEST(PngChunksTest, OnlyThePictureIsKept) {
  std::string png = Fixture("rgb.png");
  for (const char* type : {"tRNS", "zTXt", "iTXt", "acTL", "fcTL", "eXIf", "abCd"}) {
    png = PngWithChunk(png, type, "content");
  }
  const std::string picture = PictureOf(png);
  for (const char* type : {"tRNS", "zTXt", "iTXt", "acTL", "fcTL", "eXIf", "abCd"}) {
    EXPECT_THAT(picture, Not(HasSubstr(type)));
  }
  for (const char* type : {"IHDR", "IDAT", "IEND"}) EXPECT_THAT(picture, HasSubstr(type));
  EXPECT_EQ(picture, PictureOf(Fixture("rgb.png")));
}

TEST(PngChunksTest, ColorProfileIsKeptOnRequest) {
  const std::string png = PngWithChunk(Fixture("rgb.png"), "iCCP", "name");
  EXPECT_THAT(PictureOf(png, false), Not(HasSubstr("iCCP")));
  EXPECT_THAT(PictureOf(png, true), HasSubstr("iCCP"));
  EXPECT_TRUE(ReadPngChunks(std::as_bytes(std::span(png)), false)->has_icc_profile);
}

TEST(PngChunksTest, OversizedColorProfileIsLeftOut) {
  const std::string png = PngWithChunk(Fixture("rgb.png"), "iCCP", std::string(300 << 10, 'x'));
  EXPECT_THAT(PictureOf(png, true), Not(HasSubstr("iCCP")));
}

TEST(PngChunksTest, OrientationIsFound) {
  const std::string png = PngWithChunk(Fixture("rgb.png"), "eXIf", ExifBlock(5, false));
  EXPECT_EQ(ReadPngChunks(std::as_bytes(std::span(png)), false)->exif_orientation, 5);
}

TEST(PngChunksTest, TransparencyAndAnimationDoNotChangeThePixels) {
  for (const char* name : {"rgb.png", "gray16.png", "palette.png", "bilevel.png"}) {
    const auto plain = DecodeImage(MemorySource(Fixture(name)), {});
    const std::string marked =
        PngWithChunk(PngWithChunk(Fixture(name), "acTL", std::string(8, '\1')), "tRNS",
                     std::string(name) == "rgb.png" ? std::string(6, '\0') : std::string(2, '\0'));
    const auto image = DecodeImage(MemorySource(marked), {});
    ASSERT_THAT(image, IsOk()) << name;
    EXPECT_EQ(image->pixels, plain->pixels) << name;
  }
}

TEST(PngChunksMalformedTest, CutPixelsLeaveTheRestBlack) {
  const std::string file = Fixture("rgb.png");
  const auto whole = DecodeImage(MemorySource(file), {});
  const auto cut = DecodeImage(MemorySource(std::string_view(file).substr(0, file.size() / 2)), {});
  ASSERT_THAT(cut, IsOk());
  ASSERT_EQ(cut->pixels.size(), whole->pixels.size());
  const size_t row_bytes = static_cast<size_t>(whole->width) * 3;
  EXPECT_TRUE(std::equal(whole->pixels.begin(), whole->pixels.begin() + static_cast<ptrdiff_t>(20 * row_bytes),
                         cut->pixels.begin()));
  EXPECT_EQ(std::vector<uint8_t>(cut->pixels.end() - static_cast<ptrdiff_t>(row_bytes), cut->pixels.end()),
            std::vector<uint8_t>(row_bytes, 0));
}

TEST(PngChunksMalformedTest, FileWithoutPixelsIsCorrupt) {
  const std::string file = Fixture("rgb.png");
  const std::string signature = file.substr(0, 8);
  for (const std::string& png : {signature, file.substr(0, 33), signature + BigEndian(0, 4) + "IDAT",
                                 signature + BigEndian(0xFFFFFFFF, 4) + "IHDRxxxx"}) {
    EXPECT_THAT(ReadPngChunks(std::as_bytes(std::span(png)), false), IsError(ErrorCode::kCorruption));
    EXPECT_THAT(DecodeImage(MemorySource(png), {}), IsError(ErrorCode::kCorruption));
  }
}

}  // namespace
}  // namespace sightline::media
