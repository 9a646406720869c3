// SPDX-License-Identifier: BSD-3-Clause
#include "eval/lines_set.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsErrorWith;
using testing::IsOk;

Result<RetrievalSet> Parse(std::string_view text) { return ParseJsonLinesSet(ByteChunks::OfText(text)); }

TEST(LinesSetTest, ReadsTheFormOfXFlickrCo) {
  const auto set = Parse(
      "{\"sentences\": [\"zwei Hunde\", \"ein Hund\"], \"id\": \"7\", \"img_path\": "
      "\"COCO_val2014_000000000007.jpg\"}\n"
      "{\"sentences\": [], \"id\": \"8\", \"img_path\": \"8.jpg\"}\n");
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->images, ElementsAre("COCO_val2014_000000000007.jpg", "8.jpg"));
  ASSERT_EQ(set->captions.size(), 2U);
  EXPECT_EQ(set->captions[1].text, "ein Hund");
  EXPECT_THAT(set->without_captions, ElementsAre("8.jpg"));
  EXPECT_FALSE(set->has_videos);
}

TEST(LinesSetTest, LinesOfOnePictureAreItsCaptions) {
  const auto set = Parse(
      "{\"image\": \"1.jpg\", \"caption\": \"a dog\", \"pixels\": [[0, 0]]}\n"
      "{\"image\": \"2.jpg\", \"caption\": [\"a cat\", \"a cat\"]}\n"
      "{\"image\": \"./1.jpg\", \"caption\": \"an animal\"}\n"
      "{\"image\": \"1.jpg\", \"caption\": \"a dog\"}\n"
      "{\"image\": \"1.jpg\", \"caption\": \"\"}\n");
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->images, ElementsAre("1.jpg", "2.jpg"));
  ASSERT_EQ(set->captions.size(), 3U);
  EXPECT_EQ(set->captions[2].text, "an animal");
  EXPECT_EQ(set->captions[2].image, 0U);
  EXPECT_THAT(set->left_out, ElementsAre("line 2: repeats line 2", "line 4: repeats line 1", HasSubstr("line 5: ")));
}

TEST(LinesSetTest, VideosAreNamedByKeyOrByExtension) {
  EXPECT_TRUE(Parse("{\"video\": \"1\", \"caption\": \"a dog\"}")->has_videos);
  EXPECT_TRUE(Parse("{\"image\": \"1.mp4\", \"caption\": \"a dog\"}")->has_videos);
}

TEST(LinesSetMalformedTest, OtherShapesNameTheLine) {
  EXPECT_THAT(Parse("{\"image\": \"1.jpg\", \"caption\": \"a\"}\n{\"caption\": \"b\"}"),
              IsErrorWith(ErrorCode::kInvalidArgument, "line 2: no \"image\" or \"video\" or \"img_path\""));
  EXPECT_THAT(Parse("{\"image\": \"1.jpg\", \"video\": \"1\", \"caption\": \"a\"}"),
              IsErrorWith(ErrorCode::kInvalidArgument, "both \"image\" and \"video\""));
  EXPECT_THAT(Parse("{\"image\": \"1.jpg\"}"), IsErrorWith(ErrorCode::kInvalidArgument, "no \"caption\""));
  EXPECT_THAT(Parse("{\"image\": 1, \"caption\": \"a\"}"), IsErrorWith(ErrorCode::kInvalidArgument, "\"image\""));
  EXPECT_THAT(Parse("{\"image\": \"1.jpg\", \"caption\": [1]}"),
              IsErrorWith(ErrorCode::kInvalidArgument, "a caption is not a text"));
  EXPECT_THAT(Parse("[{\"image\": \"1.jpg\", \"caption\": []}]"), IsErrorWith(ErrorCode::kInvalidArgument, "line 1"));
}

}  // namespace
}  // namespace sightline::eval
