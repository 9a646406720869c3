// SPDX-License-Identifier: BSD-3-Clause
#include "media/orientation_internal.h"

#include <map>
#include <string>

#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

/// Letters as pixels, rows separated by '/'.
ImageRgb8 FromLetters(const std::string& rows) {
  ImageRgb8 image;
  image.width = static_cast<int>(rows.find('/'));
  image.height = static_cast<int>((rows.size() + 1) / static_cast<size_t>(image.width + 1));
  for (const char c : rows) {
    if (c == '/') continue;
    for (const int channel : {0, 1, 2}) image.pixels.push_back(static_cast<uint8_t>(c + 100 * (channel == 1)));
  }
  return image;
}

TEST(OrientationTest, EveryValueShowsThePictureUpright) {
  const ImageRgb8 stored = FromLetters("abc/def");
  const std::map<int, std::string> seen = {{1, "abc/def"},  {2, "cba/fed"},  {3, "fed/cba"},  {4, "def/abc"},
                                           {5, "ad/be/cf"}, {6, "da/eb/fc"}, {7, "fc/eb/da"}, {8, "cf/be/ad"}};
  for (const auto& [orientation, rows] : seen) {
    const ImageRgb8 expected = FromLetters(rows);
    const ImageRgb8 actual = ApplyOrientation(stored, orientation);
    EXPECT_EQ(actual.width, expected.width) << orientation;
    EXPECT_EQ(actual.height, expected.height) << orientation;
    EXPECT_EQ(actual.pixels, expected.pixels) << orientation;
  }
}

TEST(OrientationTest, OtherValuesChangeNothing) {
  const ImageRgb8 stored = FromLetters("abc/def");
  for (const int orientation : {-1, 0, 9}) EXPECT_EQ(ApplyOrientation(stored, orientation).pixels, stored.pixels);
}

}  // namespace
}  // namespace sightline::media
