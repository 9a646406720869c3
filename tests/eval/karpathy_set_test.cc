// SPDX-License-Identifier: BSD-3-Clause
#include "eval/karpathy_set.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

constexpr std::string_view kFile = R"({"dataset": "coco", "images": [
  {"filename": "1.jpg", "filepath": "val2014", "imgid": 0, "split": "test", "cocoid": 9, "sentids": [0, 1],
   "sentences": [{"raw": "a dog", "tokens": ["a", "dog"], "imgid": 0, "sentid": 0}, {"tokens": [], "raw": "A cat."}]},
  {"sentences": [{"raw": "a tree"}], "split": "val", "filename": "2.jpg"},
  {"sentences": [], "split": "test", "filename": "3.jpg"},
  {"sentences": [{"raw": "?!"}, {"raw": "six"}], "split": "restval", "filename": "4.jpg", "filepath": "train2014"}]})";

Result<RetrievalSet> Parse(std::string_view json, std::string_view split = "test") {
  return ParseKarpathyJson(ByteChunks::OfText(json), split);
}

std::vector<std::string> Texts(const RetrievalSet& set) {
  std::vector<std::string> texts;
  for (const EvalCaption& caption : set.captions) texts.push_back(set.images.at(caption.image) + ": " + caption.text);
  return texts;
}

TEST(KarpathySetTest, ReadsTheSplitThatIsAskedFor) {
  const auto set = Parse(kFile);
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->images, ElementsAre("val2014/1.jpg", "3.jpg"));
  EXPECT_THAT(Texts(*set), ElementsAre("val2014/1.jpg: a dog", "val2014/1.jpg: A cat."));
  EXPECT_THAT(set->without_captions, ElementsAre("3.jpg"));
  EXPECT_FALSE(set->has_videos);
  EXPECT_THAT(Parse(kFile, "val")->images, ElementsAre("2.jpg"));
}

TEST(KarpathySetTest, AllTakesEverySplitAndFilesWithoutSplits) {
  const auto set = Parse(kFile, "all");
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->images.size(), 4U);
  EXPECT_EQ(set->captions.size(), 4U);
  EXPECT_EQ(set->left_out.size(), 1U);
  EXPECT_THAT(Parse(R"({"images": [{"filename": "1.jpg", "sentences": []}]})", "all"), IsOk());
}

TEST(KarpathySetTest, GivesTheSameSetAsTheFormOfX2vlm) {
  const auto karpathy = Parse(kFile, "all");
  const auto x2vlm = ParseRetrievalJson(R"([{"image": "val2014/1.jpg", "caption": ["a dog", "A cat."]},
      {"image": "2.jpg", "caption": ["a tree"]}, {"image": "3.jpg", "caption": []},
      {"image": "train2014/4.jpg", "caption": ["?!", "six"]}])");
  ASSERT_THAT(x2vlm, IsOk());
  EXPECT_EQ(karpathy->images, x2vlm->images);
  EXPECT_EQ(Texts(*karpathy), Texts(*x2vlm));
  EXPECT_EQ(karpathy->without_captions, x2vlm->without_captions);
  EXPECT_EQ(karpathy->left_out.size(), x2vlm->left_out.size());
}

TEST(KarpathySetMalformedTest, AWrongSplitListsThoseThatAreThere) {
  EXPECT_THAT(Parse(kFile, "tset"),
              IsErrorWith(ErrorCode::kInvalidArgument, "\"tset\"; the file has restval (1), test (2), val (1)"));
  EXPECT_THAT(Parse(kFile, "train"), IsErrorWith(ErrorCode::kInvalidArgument, "val (1)"));
  EXPECT_THAT(Parse(R"({"images": []})"), IsErrorWith(ErrorCode::kInvalidArgument, "no pictures"));
}

TEST(KarpathySetMalformedTest, OtherShapesNameTheEntry) {
  EXPECT_THAT(Parse("{}"), IsErrorWith(ErrorCode::kInvalidArgument, "\"images\""));
  EXPECT_THAT(Parse(R"({"images": [{"filename": "1.jpg", "sentences": []}]})"),
              IsErrorWith(ErrorCode::kInvalidArgument, "entry 0 of \"images\": no \"split\""));
  EXPECT_THAT(Parse(R"({"images": [{"split": "test", "sentences": []}]})"),
              IsErrorWith(ErrorCode::kInvalidArgument, "filename"));
  EXPECT_THAT(Parse(R"({"images": [{"split": "test", "filename": "1.jpg", "filepath": 1, "sentences": []}]})"),
              IsErrorWith(ErrorCode::kInvalidArgument, "filepath"));
  EXPECT_THAT(Parse(R"({"images": [{"split": "test", "filename": "1.jpg"}]})"),
              IsErrorWith(ErrorCode::kInvalidArgument, "sentences"));
  EXPECT_THAT(Parse(R"({"images": [{"split": "test", "filename": "1.jpg", "sentences": [{"tokens": []}]}]})"),
              IsErrorWith(ErrorCode::kInvalidArgument, "raw"));
  EXPECT_THAT(ReadKarpathyJson("/nowhere/set.json", "test"), IsError(ErrorCode::kNotFound));
}

TEST(KarpathySetMalformedTest, AFileTwiceNamesBothEntries) {
  const auto set = Parse(R"({"images": [{"split": "test", "filename": "a/1.jpg", "sentences": []},
      {"split": "val", "filename": "a/1.jpg", "sentences": []},
      {"split": "test", "filename": "1.jpg", "filepath": "./a", "sentences": []}]})");
  EXPECT_THAT(set, IsErrorWith(ErrorCode::kInvalidArgument, "entry 2 of \"images\" has the file of entry 0"));
}

}  // namespace
}  // namespace sightline::eval
