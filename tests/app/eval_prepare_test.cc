// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "tests/app/program.h"
#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class EvalPrepareTest : public ::testing::Test {
 protected:
  RunResult Prepare(const std::string& kind, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"eval", "prepare", kind, folder_.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram(arguments);
  }
  void Make(const std::string& name, std::string_view content = "x") {
    testing::WriteTestFile(folder_ / name, content);
  }

  testing::TempDir folder_;
};

constexpr std::string_view kFlickr8k = R"({"images": [
  {"filename": "1.jpg", "split": "test", "sentences": [{"raw": "a dog"}, {"raw": "?"}]},
  {"filename": "2.jpg", "split": "test", "sentences": []},
  {"filename": "3.jpg", "split": "train", "sentences": [{"raw": "a cat"}]}]})";

TEST_F(EvalPrepareTest, AnEmptyFolderIsToldWhatBelongsThereAndWhereItComesFrom) {
  const RunResult result = Prepare("coco");
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr("one of dataset_coco.json, "));
  EXPECT_THAT(result.out, HasSubstr("annotations/captions_val2014.json"));
  EXPECT_THAT(result.out, HasSubstr("val2014.zip"));
  EXPECT_THAT(result.out, HasSubstr("not complete"));
}

TEST_F(EvalPrepareTest, EveryMissingPictureIsNamedWithItsPlace) {
  Make("dataset_flickr8k.json", kFlickr8k);
  EXPECT_THAT(Prepare("flickr8k").out, HasSubstr("all 2 pictures that belong in Flicker8k_Dataset, as Flicker8k_Data"));
  Make("Flicker8k_Dataset/1.jpg");
  const RunResult result = Prepare("flickr8k");
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.out, HasSubstr("missing: Flicker8k_Dataset/2.jpg\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("3.jpg")));
  EXPECT_THAT(result.out, HasSubstr("2 pictures, 1 there, 1 missing; 1 captions, 1 left out"));
  EXPECT_THAT(result.out, HasSubstr("without captions: 2.jpg"));
  EXPECT_THAT(result.out, HasSubstr("left out: entry 0 of \"images\": "));
}

TEST_F(EvalPrepareTest, ACompleteFolderGetsTheCommandThatMeasuresIt) {
  Make("dataset_flickr8k.json", kFlickr8k);
  Make("Flickr8k_Dataset/1.jpg");
  Make("Flickr8k_Dataset/2.jpg");
  EXPECT_THAT(Prepare("flickr8k").out, HasSubstr("complete: sightline eval flickr8k "));
  const RunResult result = Prepare("flickr8k", {"--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const boost::json::value json = boost::json::parse(result.out);
  EXPECT_TRUE(json.at("complete").as_bool());
  EXPECT_EQ(json.at("pictures").to_number<int>(), 2);
  EXPECT_EQ(json.at("annotation").as_string(), "dataset_flickr8k.json");
  EXPECT_TRUE(json.at("missing").as_array().empty());
}

TEST_F(EvalPrepareTest, TheCommandIsOfTheSplitThatWasAskedForAndCanBePasted) {
  Make("a set/dataset_flickr8k.json", kFlickr8k);
  Make("a set/Images/3.jpg");
  const RunResult result =
      RunProgram({"eval", "prepare", "flickr8k", (folder_ / "a set").string(), "--split", "train"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr(fmt::format("complete: sightline eval flickr8k '{0}/a set/dataset_flickr8k.json' "
                                                "--images '{0}/a set/Images' --split train\n",
                                                folder_.path().string())));
}

TEST_F(EvalPrepareTest, PicturesOfCocosOwnCaptionsAndVideosHaveTheirFolders) {
  Make("annotations/captions_val2014.json",
       R"({"annotations": [{"image_id": 1, "caption": "a dog"}], "images": [{"id": 1, "file_name": "1.jpg"}]})");
  EXPECT_THAT(Prepare("coco").out, HasSubstr("missing: val2014/1.jpg\n"));
  Make("val2014/1.jpg");
  EXPECT_EQ(Prepare("coco").exit_code, 0);
  Make("MSRVTT_JSFUSION_test.csv", "key,vid_key,video_id,sentence\nret0,msr1,video1,a dog\nret1,msr2,video2,a cat\n");
  Make("TestVideo/video2.mp4");
  EXPECT_THAT(Prepare("msrvtt").out, HasSubstr("missing: TestVideo/video1.mp4\n"));
}

TEST_F(EvalPrepareTest, WrongFilesSplitsAndFoldersAreErrors) {
  Make("dataset_flickr8k.json", "{\"images\": [");
  const RunResult broken = Prepare("flickr8k");
  EXPECT_EQ(broken.exit_code, 3);
  EXPECT_THAT(broken.err, HasSubstr("byte 12"));
  Make("dataset_flickr8k.json", kFlickr8k);
  const RunResult split = Prepare("flickr8k", {"--split", "val"});
  EXPECT_EQ(split.exit_code, 3);
  EXPECT_THAT(split.err, HasSubstr("the file has test (2), train (1)"));
  EXPECT_EQ(RunProgram({"eval", "prepare", "flickr8k", folder_ / "none"}).exit_code, 3);
  EXPECT_EQ(Prepare("imagenet").exit_code, 2);
}

}  // namespace
}  // namespace sightline::app
