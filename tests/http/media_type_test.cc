// SPDX-License-Identifier: BSD-3-Clause
#include "http/media_type.h"

#include <string>

#include <gmock/gmock.h>

#include "tests/indexer/test_videos.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using namespace std::string_literals;
using testing::IsError;
using testing::IsOk;

std::string_view MimeOf(const std::string& start) {
  const auto type = MediaTypeOf(std::as_bytes(std::span(start)));
  return type ? type->mime : "nothing";
}

// The first bytes as the formats' own documents have them.
TEST(MediaTypeTest, ContentDecidesWhatAFileIs) {
  EXPECT_EQ(MimeOf("\xFF\xD8\xFF\xE0"s), "image/jpeg");
  EXPECT_EQ(MimeOf("\x89PNG\r\n\x1A\n\0\0\0\rIHDR"s), "image/png");
  EXPECT_EQ(MimeOf("GIF89a"s), "image/gif");
  EXPECT_EQ(MimeOf("RIFF\x10\0\0\0WEBPVP8X"s), "image/webp");
  EXPECT_EQ(MimeOf("RIFF\x10\0\0\0AVI LIST"s), "video/x-msvideo");
  EXPECT_EQ(MimeOf("II*\0\x08\0\0\0"s), "image/tiff");
  EXPECT_EQ(MimeOf("\0\0\0\x1C"
                   "ftypheic\0\0\0\0"s),
            "image/heic");
  EXPECT_EQ(MimeOf("\0\0\0\x1C"
                   "ftypavif\0\0\0\0"s),
            "image/avif");
  EXPECT_EQ(MimeOf("\0\0\0\x1C"
                   "ftypisom\0\0\0\0"s),
            "video/mp4");
  EXPECT_EQ(MimeOf("\0\0\0\x14"
                   "ftypqt  \0\0\0\0"s),
            "video/quicktime");
  EXPECT_EQ(MimeOf("\x1A\x45\xDF\xA3\x9F\x42\x82\x84webm"s), "video/webm");
  EXPECT_EQ(MimeOf("\x1A\x45\xDF\xA3\xA3\x42\x82\x88matroska"s), "video/x-matroska");
  EXPECT_EQ(MimeOf(testing::BmpBytes(6, 5, {1, 2, 3})), "image/bmp");
  EXPECT_EQ(MimeOf(testing::AviBytes(testing::Hues(1))), "video/x-msvideo");
}

TEST(MediaTypeTest, WhatIsNeitherPictureNorVideoIsNothing) {
  EXPECT_EQ(MimeOf("root:x:0:0:root:/root:/bin/bash\n"), "nothing");
  EXPECT_EQ(MimeOf("<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>"), "nothing");
  EXPECT_EQ(MimeOf("<!doctype html><script>"), "nothing");
  EXPECT_EQ(MimeOf("BMW, and other cars that begin as a bitmap does"), "nothing");
  EXPECT_EQ(MimeOf("RIFF\x10\0\0\0WAVEfmt "s), "nothing");
  EXPECT_EQ(MimeOf("G"), "nothing");
  EXPECT_EQ(MimeOf(""), "nothing");
}

TEST(MediaTypeTest, StartOfAFileIsRead) {
  testing::TempDir dir;
  testing::WriteTestFile(dir / "picture.txt", testing::BmpBytes(6, 5, {1, 2, 3}));
  testing::WriteTestFile(dir / "text.jpg", "words");
  const auto type = SniffMediaType(media::Source::FromFile(dir / "picture.txt"));
  ASSERT_THAT(type, IsOk());
  EXPECT_EQ(type->extension, "bmp");
  EXPECT_THAT(SniffMediaType(media::Source::FromFile(dir / "text.jpg")), IsError(ErrorCode::kUnsupported));
  EXPECT_THAT(SniffMediaType(media::Source::FromFile(dir / "gone.jpg")), IsError(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace sightline::http
