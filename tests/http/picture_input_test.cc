// SPDX-License-Identifier: BSD-3-Clause
#include "http/picture_input.h"

#include <stop_token>

#include "http/base64.h"
#include "tests/indexer/test_pictures.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

std::string Bmp() { return testing::BmpBytes(6, 5, {255, 0, 0}); }
std::string Encoded() {
  const std::string bytes = Bmp();
  return EncodeBase64(std::as_bytes(std::span(bytes)));
}

// The status that something is refused with, or 200.
template <typename T>
int StatusOfResult(const ProblemOr<T>& result) {
  if (result) return 200;
  EXPECT_EQ(result.error().field, "/image");
  return result.error().status != 0 ? result.error().status : StatusOf(result.error().error.code);
}

TEST(PictureInputTest, BytesAreDecoded) {
  const auto picture = DecodePicture(Bmp(), {}, "/image");
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->width, 6);
  EXPECT_EQ(picture->height, 5);
  EXPECT_EQ(picture->pixels[0], 255);
}

TEST(PictureInputTest, Base64AndDataAddressesAreDecoded) {
  EXPECT_EQ(DecodePictureText(Encoded(), "/image").value_or(""), Bmp());
  EXPECT_EQ(DecodePictureText("data:image/bmp;base64," + Encoded(), "/image").value_or(""), Bmp());
  EXPECT_EQ(DecodePictureText("DATA:;base64," + Encoded(), "/image").value_or(""), Bmp());
}

TEST(PictureInputMalformedTest, WhatIsNoPictureIs422) {
  for (const std::string& bytes :
       {std::string("hello"), std::string(100, '\0'), Bmp().substr(0, 20),
        std::string("<svg xmlns='http://www.w3.org/2000/svg'/>"), std::string("#!/bin/sh\n")}) {
    EXPECT_EQ(StatusOfResult(DecodePicture(bytes, {}, "/image")), 422) << bytes;
  }
}

TEST(PictureInputMalformedTest, APictureOfTooManyPixelsIs422BeforeItIsDecoded) {
  std::string bytes = Bmp();
  // Width and height of the BMP header: 40000 x 40000.
  for (const size_t at : {18U, 22U}) {
    bytes[at] = '\x40';
    bytes[at + 1] = '\x9C';
    bytes[at + 2] = bytes[at + 3] = '\0';
  }
  EXPECT_EQ(StatusOfResult(DecodePicture(bytes, {}, "/image")), 422);
}

TEST(PictureInputMalformedTest, WhatIsNoBase64Is400) {
  for (const char* text : {"", "!", "data:", "data:image/png,x", "data:image/png;base64,", "data:image/png;base64,!"}) {
    EXPECT_EQ(StatusOfResult(DecodePictureText(text, "/image")), 400) << text;
  }
}

TEST(PictureInputTest, AStopIsNoFaultOfThePicture) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(StatusOfResult(DecodePicture(Bmp(), {.stop = stop.get_token()}, "/image")), 503);
}

}  // namespace
}  // namespace sightline::http
