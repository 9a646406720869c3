// SPDX-License-Identifier: BSD-3-Clause
#include "eval/msrvtt_set.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

Result<RetrievalSet> Csv(std::string_view text) { return ParseMsrvttCsv(ByteChunks::OfText(text)); }

Result<RetrievalSet> Json(std::string_view text, std::string_view split = "test") {
  return ParseMsrvttJson(ByteChunks::OfText(text), split);
}

TEST(MsrvttSetTest, ReadsTheColumnsOfThePublishedList) {
  const auto set =
      Csv("key,vid_key,video_id,sentence\r\n"
          "ret0,msr9770,video9770,a person is connecting something to system\r\n"
          "ret1,msr9771,video9771,\"a little girl, and \"\"friends\"\"\"\r\n");
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->images, ElementsAre("video9770", "video9771"));
  ASSERT_EQ(set->captions.size(), 2U);
  EXPECT_EQ(set->captions[0].text, "a person is connecting something to system");
  EXPECT_EQ(set->captions[1].text, "a little girl, and \"friends\"");
  EXPECT_EQ(set->captions[1].image, 1U);
  EXPECT_TRUE(set->has_videos);
  EXPECT_TRUE(set->left_out.empty());
}

TEST(MsrvttSetTest, ColumnsAreFoundByNameBehindAByteOrderMark) {
  const auto set = Csv("\xEF\xBB\xBFsentence,video_id\na dog,v2\n");
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->captions.at(0).text, "a dog");
  EXPECT_EQ(set->images.at(0), "v2");
}

TEST(MsrvttSetTest, RowsOfOneVideoAreItsCaptions) {
  const auto set = Csv("video_id,sentence\nv1,a dog\nv2,a cat\nv1,an animal\n");
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->images, ElementsAre("v1", "v2"));
  ASSERT_EQ(set->captions.size(), 3U);
  EXPECT_EQ(set->captions[2].image, 0U);
}

TEST(MsrvttSetTest, WhatCannotTakePartIsListedWithItsLine) {
  const auto set =
      Csv("video_id,sentence\n"
          ",a dog\n"
          "v1,\n"
          "v1,?!\n"
          "v2,caf\xE9\n"
          "v3,a cat\n"
          "v3,a cat\n");
  ASSERT_THAT(set, IsOk());
  ASSERT_EQ(set->captions.size(), 1U);
  EXPECT_THAT(set->images, ElementsAre("v1", "v2", "v3"));  // They stay to be told from the right one.
  EXPECT_THAT(set->left_out, ElementsAre("line 2: no video_id", HasSubstr("line 3: "), HasSubstr("line 4: "),
                                         HasSubstr("line 5: "), "line 7: repeats line 6"));
  EXPECT_THAT(set->left_out[1], HasSubstr("no words"));
  EXPECT_THAT(set->left_out[3], HasSubstr("UTF-8"));
  EXPECT_THAT(set->without_captions, ElementsAre("v1", "v2"));
}

constexpr std::string_view kJson = R"({"info": {"year": 2016}, "sentences": [
  {"caption": "a dog runs", "video_id": "video7", "sen_id": 1}, {"caption": "a cat", "video_id": "video1"},
  {"caption": "nobody", "video_id": "video9"}, {"caption": "a dog", "video_id": "video7"}],
 "videos": [{"category": 9, "url": "u", "video_id": "video1", "split": "train", "id": 1},
            {"video_id": "video7", "split": "test"}, {"video_id": "video8", "split": "test"}]})";

TEST(MsrvttSetTest, ReadsTheJsonOfTheDatasetInAnyOrder) {
  const auto set = Json(kJson);
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->images, ElementsAre("video7", "video8"));
  ASSERT_EQ(set->captions.size(), 2U);
  EXPECT_EQ(set->captions[1].text, "a dog");
  EXPECT_TRUE(set->has_videos);
  EXPECT_THAT(set->without_captions, ElementsAre("video8"));
  EXPECT_THAT(set->left_out, ElementsAre("entry 2 of \"sentences\": video_id video9 is not in the file"));
  EXPECT_EQ(Json(kJson, "all")->images.size(), 3U);
}

TEST(MsrvttSetMalformedTest, JsonOfAnotherShapeOrSplitIsNamed) {
  EXPECT_THAT(Json(kJson, "val"), IsErrorWith(ErrorCode::kInvalidArgument, "the file has test (2), train (1)"));
  EXPECT_THAT(Json("{}"), IsErrorWith(ErrorCode::kInvalidArgument, "\"videos\""));
  EXPECT_THAT(Json(R"({"videos": [{"split": "test"}]})"), IsErrorWith(ErrorCode::kInvalidArgument, "entry 0"));
  EXPECT_THAT(Json(R"({"videos": [{"video_id": "v", "split": "test"}, {"video_id": "v", "split": "test"}]})"),
              IsErrorWith(ErrorCode::kInvalidArgument, "entry 1 of \"videos\" has the id of entry 0"));
  EXPECT_THAT(Json(R"({"sentences": [{"video_id": "v", "caption": 1}]})"),
              IsErrorWith(ErrorCode::kInvalidArgument, "entry 0 of \"sentences\""));
}

TEST(MsrvttSetMalformedTest, MissingColumnsAreNamed) {
  EXPECT_THAT(Csv(""), IsErrorWith(ErrorCode::kInvalidArgument, "empty"));
  EXPECT_THAT(Csv("key,vid_key,sentence\n"), IsErrorWith(ErrorCode::kInvalidArgument, "\"video_id\""));
  EXPECT_THAT(Csv("video_id,Sentence\n"), IsErrorWith(ErrorCode::kInvalidArgument, "\"sentence\""));
  EXPECT_THAT(Csv("video_id,sentence,video_id\n"), IsErrorWith(ErrorCode::kInvalidArgument, "twice"));
}

TEST(MsrvttSetMalformedTest, AnotherFileIsRefused) {
  EXPECT_THAT(Csv(R"([{"image": "a", "caption": ["b"]}])"), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(Csv(testing::ReadTestFile(testing::SourceTree("samples/photos/photo-001.jpg"))), ::testing::Not(IsOk()));
  EXPECT_THAT(ReadMsrvttCsv("/nowhere/set.csv"), IsError(ErrorCode::kNotFound));
}

TEST(MsrvttSetMalformedTest, ARowOfAnotherLengthNamesItsLine) {
  EXPECT_THAT(Csv("video_id,sentence\nv1,a dog\nv2,a cat, a mat\n"),
              IsErrorWith(ErrorCode::kInvalidArgument, "line 3 has 3 fields"));
  EXPECT_THAT(Csv("video_id,sentence\nv1\n"), IsErrorWith(ErrorCode::kInvalidArgument, "line 2 has 1"));
  EXPECT_THAT(Csv("video_id,sentence\nv1,\"a"), IsErrorWith(ErrorCode::kCorruption, "line 2"));
}

}  // namespace
}  // namespace sightline::eval
