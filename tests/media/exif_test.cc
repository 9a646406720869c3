// SPDX-License-Identifier: BSD-3-Clause
#include "media/exif_internal.h"

#include <random>
#include <string>

#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using testing::BigEndian;
using testing::ExifBlock;
using testing::LittleEndian;

ByteSpan AsBytes(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(ExifTest, OrientationIsReadInBothByteOrders) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool little_endian : {true, false}) {
      const std::string block = ExifBlock(orientation, little_endian);
      EXPECT_EQ(ExifOrientation(AsBytes(block)), orientation);
      EXPECT_EQ(ExifOrientation(AsBytes(std::string("Exif\0\0", 6) + block)), orientation);
    }
  }
}

TEST(ExifTest, AbsentTagIsNothing) {
  const std::string block = ExifBlock(6, true);
  EXPECT_EQ(FindTiffTag(AsBytes(block), TiffTag::kImageWidth), std::nullopt);
  EXPECT_FALSE(HasTiffTag(AsBytes(block), TiffTag::kIccProfile));
  EXPECT_TRUE(HasTiffTag(AsBytes(block), TiffTag::kOrientation));
}

TEST(ExifMalformedTest, ValuesOutOfRangeMeanUpright) {
  for (const int value : {0, 9, 65535}) EXPECT_EQ(ExifOrientation(AsBytes(ExifBlock(value, true))), 1) << value;
}

TEST(ExifMalformedTest, EveryCutMeansUpright) {
  const std::string block = ExifBlock(6, false);
  // The last four bytes are the offset of the next directory, which nobody needs.
  for (size_t size = 0; size + 4 < block.size(); ++size) EXPECT_EQ(ExifOrientation(AsBytes(block.substr(0, size))), 1);
}

TEST(ExifMalformedTest, DirectoryBehindTheEndMeansUpright) {
  for (const uint32_t offset : {26u, 1000u, 0xFFFFFFF0u, 0xFFFFFFFFu}) {
    const std::string block = std::string("II*\0", 4) + LittleEndian(offset, 4) + ExifBlock(6, true).substr(8);
    EXPECT_EQ(ExifOrientation(AsBytes(block)), 1) << offset;
  }
}

TEST(ExifMalformedTest, OtherTypesAndCountsAreNotRead) {
  const std::string text_type = std::string("MM\0*", 4) + BigEndian(8, 4) + BigEndian(1, 2) + BigEndian(274, 2) +
                                BigEndian(2, 2) + BigEndian(1, 4) + BigEndian(6, 2) + BigEndian(0, 6);
  EXPECT_EQ(ExifOrientation(AsBytes(text_type)), 1);
  std::string many = ExifBlock(6, true);
  many[14] = 2;
  EXPECT_EQ(ExifOrientation(AsBytes(many)), 1);
}

TEST(ExifMalformedTest, RandomBytesNeverReadOutside) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string block = ExifBlock(6, round % 2 == 0);
    for (int flips = 0; flips < 3; ++flips) block[random() % block.size()] = static_cast<char>(random());
    block.resize(random() % (block.size() + 1));
    const int orientation = ExifOrientation(AsBytes(block));
    EXPECT_TRUE(orientation >= 1 && orientation <= 8);
  }
}

}  // namespace
}  // namespace sightline::media
