// SPDX-License-Identifier: BSD-3-Clause
#include "eval/coco_set.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

constexpr std::string_view kImages =
    R"([{"license": 5, "file_name": "1.jpg", "id": 391895}, {"id": "x7", "file_name": "2.jpg"}, {"id": 3, "file_name": "3.jpg"}])";
constexpr std::string_view kAnnotations =
    R"([{"image_id": "x7", "id": 1, "caption": "a cat"}, {"image_id": 391895, "id": 2, "caption": "a dog"},
        {"image_id": 4, "id": 3, "caption": "nobody"}, {"image_id": 391895, "id": 4, "caption": "a dog"},
        {"image_id": 391895, "id": 5, "caption": "..."}])";

Result<RetrievalSet> Parse(std::string_view json) { return ParseCocoCaptions(ByteChunks::OfText(json)); }

std::string File(bool annotations_first) {
  const std::string images = "\"images\": " + std::string(kImages);
  const std::string annotations = "\"annotations\": " + std::string(kAnnotations);
  return "{\"info\": {}, " + (annotations_first ? annotations + ", " + images : images + ", " + annotations) + "}";
}

TEST(CocoSetTest, JoinsAnnotationsAndPicturesInAnyOrder) {
  for (const bool annotations_first : {false, true}) {
    const auto set = Parse(File(annotations_first));
    ASSERT_THAT(set, IsOk());
    EXPECT_THAT(set->images, ElementsAre("1.jpg", "2.jpg", "3.jpg"));
    ASSERT_EQ(set->captions.size(), 3U);
    EXPECT_EQ(set->captions[0].text, "a cat");
    EXPECT_EQ(set->captions[0].image, 1U);
    EXPECT_EQ(set->captions[1].image, 0U);
    EXPECT_EQ(set->captions[2].text, "a dog");  // Two people may say the same.
    EXPECT_THAT(set->without_captions, ElementsAre("3.jpg"));
  }
}

TEST(CocoSetTest, AnAnnotationOfAnUnknownPictureIsLeftOutAndListed) {
  const auto set = Parse(File(true));
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->left_out, ElementsAre("entry 2 of \"annotations\": image_id 4 is not in the file",
                                         HasSubstr("entry 4 of \"annotations\": ")));
}

TEST(CocoSetMalformedTest, AnIdOrAFileTwiceNamesBothEntries) {
  EXPECT_THAT(Parse(R"({"annotations": [], "images": [{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"}]})"),
              IsErrorWith(ErrorCode::kInvalidArgument, "entry 1 of \"images\" has the id of entry 0 of \"images\": 1"));
  EXPECT_THAT(Parse(R"({"annotations": [], "images": [{"id": 1, "file_name": "a"}, {"id": 2, "file_name": "a"}]})"),
              IsErrorWith(ErrorCode::kInvalidArgument, "entry 1 of \"images\" has the file of entry 0"));
}

TEST(CocoSetMalformedTest, OtherShapesAreNamed) {
  EXPECT_THAT(Parse("{}"), IsErrorWith(ErrorCode::kInvalidArgument, "\"images\""));
  EXPECT_THAT(Parse(R"({"images": []})"), IsErrorWith(ErrorCode::kInvalidArgument, "\"annotations\""));
  EXPECT_THAT(Parse(R"({"images": [{"file_name": "a"}]})"), IsErrorWith(ErrorCode::kInvalidArgument, "\"id\""));
  EXPECT_THAT(Parse(R"({"images": [{"id": 1.5, "file_name": "a"}]})"),
              IsErrorWith(ErrorCode::kInvalidArgument, "\"id\" is not an id"));
  EXPECT_THAT(Parse(R"({"annotations": [{"image_id": 1, "bbox": []}]})"),
              IsErrorWith(ErrorCode::kInvalidArgument, "entry 0 of \"annotations\": \"caption\""));
  EXPECT_THAT(ReadCocoCaptions("/nowhere/set.json"), IsError(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace sightline::eval
