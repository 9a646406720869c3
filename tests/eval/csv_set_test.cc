// SPDX-License-Identifier: BSD-3-Clause
#include "eval/csv_set.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using ::testing::ElementsAre;
using testing::IsErrorWith;
using testing::IsOk;

Result<RetrievalSet> Parse(std::string_view text, const CsvSetOptions& options = {}) {
  return ParseCsvSet(ByteChunks::OfText(text), options);
}

TEST(CsvSetTest, UsualNamesOfColumnsAreKnown) {
  const auto set = Parse("id,caption,image\n1,a dog,1.jpg\n2,a cat,2.jpg\n3,an animal,1.jpg\n");
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->images, ElementsAre("1.jpg", "2.jpg"));
  ASSERT_EQ(set->captions.size(), 3U);
  EXPECT_EQ(set->captions[2].image, 0U);
  EXPECT_FALSE(set->has_videos);
  EXPECT_TRUE(Parse("video,text\n1.mp4,a dog\n")->has_videos);
}

TEST(CsvSetTest, ColumnsAndTheSeparatorCanBeGiven) {
  CsvSetOptions options = {.image_columns = {"bild"}, .caption_columns = {"was zu sehen ist"}, .separator = '\t'};
  const auto set = Parse("image\tbild\twas zu sehen ist\nx\t1.jpg\tein Hund, klein\n", options);
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->images, ElementsAre("1.jpg"));
  EXPECT_EQ(set->captions.at(0).text, "ein Hund, klein");
}

TEST(CsvSetTest, WhatCannotTakePartIsListed) {
  const auto set = Parse("image,caption\n1.jpg,a dog\n./1.jpg,a dog\n,a cat\n2.jpg,?\n");
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->left_out,
              ElementsAre("line 3: repeats line 2", "line 4: no image", ::testing::HasSubstr("line 5: ")));
  EXPECT_THAT(set->without_captions, ElementsAre("2.jpg"));
}

TEST(CsvSetMalformedTest, UnknownColumnsListTheNamesThatWouldDo) {
  EXPECT_THAT(Parse("a,caption\n"), IsErrorWith(ErrorCode::kInvalidArgument, "\"image\" or \"video\""));
  EXPECT_THAT(Parse("image,b\n", {.image_columns = {"image"}, .caption_columns = {"words"}}),
              IsErrorWith(ErrorCode::kInvalidArgument, "no column \"words\""));
  EXPECT_THAT(Parse("image;caption\n"), IsErrorWith(ErrorCode::kInvalidArgument, "no column"));
}

}  // namespace
}  // namespace sightline::eval
