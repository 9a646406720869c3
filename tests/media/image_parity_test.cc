// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "encoder/preprocess.h"
#include "media/image.h"
#include "tests/media/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TestData;
using testing::Crc32Hex;

/// As the reference decodes: EXIF orientation and color profiles ignored.
DecodeOptions ReferenceOptions() { return {.apply_exif_orientation = false, .convert_icc_to_srgb = false}; }

class ImageParityTest : public ::testing::Test {
 protected:
  const boost::json::value fixture_ = boost::json::parse(ReadTestFile(TestData("preprocess/pictures.json")));
  const boost::json::array& pictures_ = fixture_.at("pictures").as_array();
};

TEST_F(ImageParityTest, EveryPictureDecodesToTheReferencesBytes) {
  ASSERT_EQ(pictures_.size(), 28u);
  for (const auto& entry : pictures_) {
    const std::string file(entry.at("file").as_string());
    const auto image = DecodeImage(Source::FromFile(TestData("preprocess/" + file)), ReferenceOptions());
    ASSERT_THAT(image, IsOk()) << file;
    EXPECT_EQ(image->width, entry.at("width").as_int64()) << file;
    EXPECT_EQ(image->height, entry.at("height").as_int64()) << file;
    EXPECT_EQ(Crc32Hex(image->pixels), entry.at("crc32_of_decoded_rgb").as_string()) << file;
  }
}

TEST_F(ImageParityTest, EveryPictureBecomesTheReferencesModelPixels) {
  for (const auto& entry : pictures_) {
    const std::string file(entry.at("file").as_string());
    const auto image = DecodeImage(Source::FromFile(TestData("preprocess/" + file)), ReferenceOptions());
    ASSERT_THAT(image, IsOk()) << file;
    for (const int res : {96, 224}) {
      const auto pixels = encoder::ResizeToModelPixels(*image, res);
      ASSERT_THAT(pixels, IsOk()) << file;
      EXPECT_EQ(Crc32Hex(pixels->pixels), entry.at("crc32_" + std::to_string(res)).as_string()) << file << " " << res;
    }
  }
}

}  // namespace
}  // namespace sightline::media
