// SPDX-License-Identifier: BSD-3-Clause
#include "eval/retrieval_set.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

TEST(RetrievalSetTest, NumbersCaptionsInFileOrder) {
  const auto set = ParseRetrievalJson(
      R"([{"image": "a/1.jpg", "caption": ["one", "two"], "image_id": 7}, {"caption": ["three"], "image": "2.jpg"}])");
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->images, (std::vector<std::string>{"a/1.jpg", "2.jpg"}));
  ASSERT_EQ(set->captions.size(), 3U);
  EXPECT_EQ(set->captions[1].text, "two");
  EXPECT_EQ(set->captions[1].image, 0U);
  EXPECT_EQ(set->captions[2].image, 1U);
}

TEST(RetrievalSetTest, AnEmptySetAndAPictureWithoutCaptionsAreFine) {
  EXPECT_THAT(ParseRetrievalJson("[]"), IsOk());
  const auto set = ParseRetrievalJson(R"([{"image": "1.jpg", "caption": []}, {"image": "2.jpg", "caption": ["?"]},
                                          {"image": "3.jpg", "caption": ["a dog"]}])");
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->without_captions, (std::vector<std::string>{"1.jpg", "2.jpg"}));
  EXPECT_EQ(set->images.size(), 3U);
}

TEST(RetrievalSetTest, VideosAreNamedByKeyOrByFlag) {
  const auto by_key = ParseRetrievalJson(R"([{"video": "1.mp4", "caption": ["one"]}])");
  ASSERT_THAT(by_key, IsOk());
  EXPECT_EQ(by_key->images.at(0), "1.mp4");
  EXPECT_TRUE(by_key->has_videos);
  EXPECT_TRUE(ParseRetrievalJson(R"([{"image": "1.mp4", "is_video": true, "caption": []}])")->has_videos);
  EXPECT_FALSE(ParseRetrievalJson(R"([{"image": "1.jpg", "is_video": false, "caption": []}])")->has_videos);
}

TEST(RetrievalSetTest, CaptionsWithoutWordsAreLeftOutAndListed) {
  const auto set = ParseRetrievalJson(R"([{"image": "1.jpg", "caption": ["?!", "a dog", ""]}])");
  ASSERT_THAT(set, IsOk());
  ASSERT_EQ(set->captions.size(), 1U);
  EXPECT_EQ(set->captions[0].text, "a dog");
  ASSERT_EQ(set->left_out.size(), 2U);
  EXPECT_THAT(set->left_out[0], ::testing::HasSubstr("entry 0: "));
}

TEST(RetrievalSetMalformedTest, WhatIsNotJsonIsCorrupt) {
  for (const char* text : {"", "[", "[{]", "\xFF\xFE", "[{\"image\": \"a\", \"caption\": [\"\xC3\x28\"]}]"}) {
    EXPECT_THAT(ParseRetrievalJson(text), IsError(ErrorCode::kCorruption)) << text;
  }
}

TEST(RetrievalSetMalformedTest, DeepNestingIsRefused) {
  const std::string nested(100'000, '[');
  EXPECT_THAT(ParseRetrievalJson(nested), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ParseRetrievalJson("[{\"image\": " + nested), IsErrorWith(ErrorCode::kCorruption, "deep"));
  EXPECT_THAT(ParseRetrievalJson("[{\"other\": " + nested), IsErrorWith(ErrorCode::kCorruption, "deep"));
}

TEST(RetrievalSetMalformedTest, OtherShapesNameTheEntry) {
  EXPECT_THAT(ParseRetrievalJson("{}"), IsErrorWith(ErrorCode::kInvalidArgument, "array"));
  EXPECT_THAT(ParseRetrievalJson("[1]"), IsErrorWith(ErrorCode::kInvalidArgument, "entry 0"));
  EXPECT_THAT(ParseRetrievalJson(R"([{"caption": ["x"]}])"), IsErrorWith(ErrorCode::kInvalidArgument, "image"));
  EXPECT_THAT(ParseRetrievalJson(R"([{"image": "", "caption": []}])"),
              IsErrorWith(ErrorCode::kInvalidArgument, "image"));
  EXPECT_THAT(ParseRetrievalJson(R"([{"image": "a", "caption": []}, {"image": "b", "caption": "one"}])"),
              IsErrorWith(ErrorCode::kInvalidArgument, "entry 1"));
  EXPECT_THAT(ParseRetrievalJson(R"([{"image": "a", "video": "b", "caption": []}])"),
              IsErrorWith(ErrorCode::kInvalidArgument, "both"));
  EXPECT_THAT(ParseRetrievalJson(R"([{"image": "a", "is_video": 1, "caption": []}])"),
              IsErrorWith(ErrorCode::kInvalidArgument, "is_video"));
  EXPECT_THAT(ParseRetrievalJson(R"([{"image": "a", "caption": [1]}])"),
              IsErrorWith(ErrorCode::kInvalidArgument, "not a string"));
}

TEST(RetrievalSetMalformedTest, APathTwiceNamesBothEntries) {
  EXPECT_THAT(ParseRetrievalJson(R"([{"image": "a/1.jpg", "caption": ["x"]}, {"image": "2.jpg", "caption": []},
                                    {"image": "a/./1.jpg", "caption": ["y"]}])"),
              IsErrorWith(ErrorCode::kInvalidArgument, "entry 2 has the file of entry 0"));
}

TEST(RetrievalSetMalformedTest, AMissingFileIsNotFound) {
  EXPECT_THAT(ReadRetrievalJson("/nowhere/set.json"), IsError(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace sightline::eval
