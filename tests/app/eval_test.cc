// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "tests/app/program.h"
#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;

// Sets of the sample media, small enough to be indexed for a test.
class EvalIntegrationTest : public ::testing::Test {
 protected:
  /// One entry of a set in JSON form: photo-00N.jpg with `captions`.
  static boost::json::object Photo(int number, boost::json::array captions) {
    return {{"image", "photo-00" + std::to_string(number) + ".jpg"}, {"caption", std::move(captions)}};
  }

  RunResult EvalPhotos(const boost::json::value& set, std::vector<std::string> more = {}) {
    testing::WriteTestFile(folder_ / "set.json", boost::json::serialize(set));
    std::vector<std::string> arguments = {
        "eval", "json", folder_ / "set.json", "--images", testing::SourceTree("samples/photos"), "--depth", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }

  /// With a cache of its own.
  RunResult Run(const std::vector<std::string>& arguments) const {
    return RunProgram(arguments, {.variables = {"XDG_CACHE_HOME=" + (folder_ / "cache").string()}});
  }

  static boost::json::array ThreePhotos() {
    return {Photo(1, {"Three meerkats stand upright next to each other on red ground.", "?!"}),
            Photo(2, {"A striped cat rolls on its back in the sun.", "A tabby cat lies on the pavement."}),
            Photo(3, {"Two white fluffy dogs stand on the big roots of an old tree."})};
  }

  RunResult EvalVideos(const std::string& csv, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {
        "eval", "msrvtt", "--csv", csv, "--videos", testing::SourceTree("samples/videos"), "--depth", "4"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }

  testing::TempDir folder_;
};

TEST_F(EvalIntegrationTest, BothDirectionsGoThroughSearch) {
  const RunResult result = EvalPhotos(ThreePhotos(), {"--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const boost::json::value json = boost::json::parse(result.out);
  EXPECT_EQ(json.at("pictures").to_number<int>(), 3);
  EXPECT_EQ(json.at("captions").to_number<int>(), 5);
  EXPECT_EQ(json.at("captions_asked").to_number<int>(), 4);
  EXPECT_EQ(json.at("pictures_asked").to_number<int>(), 3);
  EXPECT_EQ(json.at("left_out").as_array().size(), 1U);
  const boost::json::value& coarse = json.at("stages").at("coarse");
  EXPECT_EQ(coarse.at("img_r1").to_number<double>(), 100);  // Meerkats, a cat and two dogs.
  EXPECT_EQ(coarse.at("img_mnr").to_number<double>(), 1);
  EXPECT_EQ(coarse.at("txt_r5").to_number<double>(), 100);
  EXPECT_TRUE(json.at("stages").as_object().contains("rerank_2"));
}

// The reference's protocol computes the same from stored embeddings and patches, without search.
TEST_F(EvalIntegrationTest, TheLiveProtocolAgreesWithTheMatrixProtocol) {
  const RunResult live = EvalPhotos(ThreePhotos(), {"--json", "--rank", "logit"});
  const RunResult matrix = EvalPhotos(ThreePhotos(), {"--json", "--protocol", "matrix"});
  ASSERT_EQ(live.exit_code, 0) << live.err;
  ASSERT_EQ(matrix.exit_code, 0) << matrix.err;
  const boost::json::value live_stages = boost::json::parse(live.out).at("stages");
  const boost::json::value matrix_stages = boost::json::parse(matrix.out).at("stages");
  for (const char* name : {"img_r1", "img_mdr", "img_mnr", "txt_r1", "txt_mdr", "txt_mnr"}) {
    EXPECT_EQ(live_stages.at("coarse").at(name), matrix_stages.at("coarse").at(name)) << name;
  }
  for (const char* name : {"img_r1", "txt_r1"}) {
    EXPECT_EQ(live_stages.at("rerank_2_logit_only").at(name), matrix_stages.at("k_test_2").at(name)) << name;
  }
}

TEST_F(EvalIntegrationTest, WhatIsMissingIsNamedAndTheRestIsAsked) {
  boost::json::array set = ThreePhotos();
  set.push_back(boost::json::object{{"image", "gone.jpg"}, {"caption", {"a picture that is not there"}}});
  const RunResult result = EvalPhotos(set);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("missing: gone.jpg: no such file"));
  EXPECT_THAT(result.out, HasSubstr("left out: entry 0"));
  EXPECT_THAT(result.out, HasSubstr("4 pictures, 6 captions; asked: 4 captions, 3 pictures"));
  EXPECT_THAT(result.out, HasSubstr("picture to text"));
}

// The second run finds every pass finished, whatever it writes: the same figures to the last digit, times included.
TEST_F(EvalIntegrationTest, EveryIndexAndDepthIsAStageThatIsKept) {
  const std::vector<std::string> stages = {"--kinds", "all", "--depth", "0,2", "--json", "--ranks"};
  std::vector<std::string> with_files = stages;
  with_files.insert(with_files.end(), {"--csv", folder_ / "out.csv", "--html", folder_ / "out.html"});
  const RunResult first = EvalPhotos(ThreePhotos(), stages);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const RunResult second = EvalPhotos(ThreePhotos(), with_files);
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(first.out, second.out);
  EXPECT_THAT(second.err, HasSubstr("7 pictures, videos and captions are in "));
  EXPECT_THAT(second.err, HasSubstr("going on: 20 of 20 passes are finished"));
  const boost::json::value json = boost::json::parse(second.out);
  for (const char* name :
       {"coarse", "rerank_2", "flat_coarse", "ivfpq_coarse", "ivfpq_fastscan_rerank_2", "hnsw_rerank_2"}) {
    const boost::json::value& stage = json.at("stages").at(name);
    EXPECT_EQ(stage.at("img_r1").to_number<double>(), 100) << name;
    EXPECT_EQ(stage.at("img_r1_95").as_array().size(), 2U) << name;
    EXPECT_GT(stage.at("img_ms_p95").to_number<double>(), 0) << name;
    EXPECT_GT(stage.at("index_bytes_per_unit").to_number<double>(), 0) << name;
    EXPECT_EQ(stage.at("img_ranks").as_array().size(), 4U) << name;
  }
  const std::string csv = testing::ReadTestFile(folder_ / "out.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 10 * 2);
  EXPECT_THAT(csv, HasSubstr("\nhnsw_rerank_2,hnsw,2,score,text_to_picture,4,100,100,100,"));
  EXPECT_THAT(testing::ReadTestFile(folder_ / "out.html"), HasSubstr("<svg"));
}

TEST_F(EvalIntegrationTest, TwoStagesAreComparedOnTheSameQueries) {
  const RunResult eval = EvalPhotos(ThreePhotos(), {"--json", "--ranks", "--no-cache"});
  ASSERT_EQ(eval.exit_code, 0) << eval.err;
  testing::WriteTestFile(folder_ / "a.json", eval.out);
  const RunResult compared =
      Run({"eval", "compare", folder_ / "a.json", "--stage", "coarse", "--with", "rerank_2", "--json"});
  ASSERT_EQ(compared.exit_code, 0) << compared.err;
  const boost::json::value first = boost::json::parse(compared.out).at("compared").at(0);
  EXPECT_EQ(first.at("a"), "coarse");
  EXPECT_EQ(first.at("b"), "rerank_2");
  EXPECT_EQ(first.at("measures").as_array().size(), 10U);
  EXPECT_EQ(first.at("measures").at(0).at("a").to_number<double>(), 100);
  EXPECT_THAT(Run({"eval", "compare", folder_ / "a.json", folder_ / "a.json"}).out,
              HasSubstr("rerank_2 against rerank_2"));
  const RunResult other = EvalPhotos({Photo(4, {"something else"})}, {"--json", "--ranks", "--no-cache"});
  testing::WriteTestFile(folder_ / "b.json", other.out);
  const RunResult differs = Run({"eval", "compare", folder_ / "a.json", folder_ / "b.json"});
  EXPECT_EQ(differs.exit_code, 3);
  EXPECT_THAT(differs.err, HasSubstr("not of the same queries"));
  EXPECT_EQ(Run({"eval", "compare", folder_ / "set.json", folder_ / "a.json"}).exit_code, 3);
  EXPECT_EQ(Run({"eval", "compare", folder_ / "a.json", "--stage", "nothing", "--with", "coarse"}).exit_code, 2);
  EXPECT_EQ(Run({"eval", "compare", folder_ / "a.json"}).exit_code, 2);
  EXPECT_EQ(Run({"eval", "compare", folder_ / "a.json", "--stage", "coarse"}).exit_code, 2) << "with itself";
}

// Each fold has one picture and finds it; together no caption of the other two can be wrong.
TEST_F(EvalIntegrationTest, FoldsAreSearchedAloneAndAveraged) {
  const RunResult result = EvalPhotos(ThreePhotos(), {"--folds", "3", "--json", "--ranks", "--depth", "0"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const boost::json::value json = boost::json::parse(result.out);
  EXPECT_EQ(json.at("folds").to_number<int>(), 3);
  EXPECT_EQ(json.at("captions_asked").to_number<int>(), 4);
  EXPECT_EQ(json.at("stages").at("coarse").at("txt_mnr").to_number<double>(), 1);
  EXPECT_EQ(boost::json::serialize(json.at("img_queries").at("image")), "[0,1,1,2]");
  EXPECT_EQ(EvalPhotos(ThreePhotos(), {"--folds", "4"}).exit_code, 2);
}

TEST_F(EvalIntegrationTest, AKeptFolderIsReusedAndBelongsToOneSet) {
  const std::vector<std::string> keep = {"--folder", folder_ / "kept", "--json"};
  const RunResult first = EvalPhotos(ThreePhotos(), keep);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const RunResult second = EvalPhotos(ThreePhotos(), keep);
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(boost::json::parse(first.out).at("stages").at("coarse").at("txt_mnr"),
            boost::json::parse(second.out).at("stages").at("coarse").at("txt_mnr"));
  const RunResult other = EvalPhotos(boost::json::array{Photo(4, {"something else"})}, keep);
  EXPECT_EQ(other.exit_code, 4);
  EXPECT_THAT(other.err, HasSubstr("not of this set"));
}

// What is there unchanged is not encoded again, so its figures would be those of the first run.
TEST_F(EvalIntegrationTest, AKeptFolderIsOfOnePrecisionAndNumberOfFrames) {
  testing::WriteTestFile(folder_ / "set.csv", "video_id,sentence\nclip-03,a person rides a bicycle\n");
  const std::vector<std::string> keep = {"--folder", folder_ / "kept", "--frames"};
  const auto eval = [&](const char* frames, std::vector<std::string> more = {}) {
    more.insert(more.begin(), keep.begin(), keep.end());
    more.insert(more.begin() + 3, frames);
    return EvalVideos(folder_ / "set.csv", more);
  };
  ASSERT_EQ(eval("1").exit_code, 0);
  const RunResult more_frames = eval("2");
  EXPECT_EQ(more_frames.exit_code, 2);
  EXPECT_THAT(more_frames.err, HasSubstr("was indexed with fp32, frames of a video: 1; not with fp32, frames of a"));
  EXPECT_EQ(eval("1", {"--precision", "bf16"}).exit_code, 2);
  EXPECT_EQ(eval("1").exit_code, 0);
  testing::WriteTestFile(folder_ / "kept/made-with", "fp32, frames of a video: 1\nan old build\n");
  EXPECT_THAT(eval("1").err, HasSubstr("/kept already, indexed by sightline an old build\n"));
}

// A list may have names by which files are found only once they are there.
TEST_F(EvalIntegrationTest, WhatWasMissingIsAddedToWhatIsKept) {
  const std::filesystem::path pictures = folder_ / "pictures/val2014";
  std::filesystem::create_directories(pictures);
  const auto add = [&pictures](const char* name) {
    std::filesystem::copy_file(testing::SourceTree("samples/photos") / name, pictures / name);
  };
  testing::WriteTestFile(folder_ / "set.json", boost::json::serialize(ThreePhotos()));
  const auto eval = [this] {
    return Run({"eval", "json", folder_ / "set.json", "--images", folder_ / "pictures", "--depth", "0"});
  };
  add("photo-001.jpg");
  EXPECT_THAT(eval().out, HasSubstr("missing: photo-003.jpg: no such file"));
  add("photo-002.jpg");
  add("photo-003.jpg");
  const RunResult complete = eval();
  EXPECT_THAT(complete.err, HasSubstr("5 pictures, videos and captions are in "));
  EXPECT_THAT(complete.out, HasSubstr("3 pictures, 5 captions; asked: 4 captions, 3 pictures"));
}

TEST_F(EvalIntegrationTest, WrongFilesAreInputErrorsAndNothingToAskIsNoResult) {
  EXPECT_EQ(EvalPhotos(boost::json::object{}).exit_code, 3);
  EXPECT_EQ(EvalPhotos(boost::json::array{Photo(4, {"?!"})}).exit_code, 1);
  EXPECT_THAT(EvalPhotos(boost::json::array{Photo(4, {"?!"})}).out, HasSubstr("without captions: photo-004.jpg"));
  const RunResult nowhere = EvalPhotos(ThreePhotos(), {"--html", folder_ / "nowhere" / "new.html"});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("there is no folder")) << "before anything is indexed";
}

TEST_F(EvalIntegrationTest, EveryFormOfASetGivesTheSameFigures) {
  const std::string a = "Three meerkats stand upright next to each other on red ground.";
  const std::string b = "A tabby cat lies on the pavement.";
  const auto eval = [this](const char* kind, const std::string& content, std::vector<std::string> more = {}) {
    testing::WriteTestFile(folder_ / "set", content);
    std::vector<std::string> arguments = {"eval",    kind, folder_ / "set", "--images", testing::SourceTree("samples"),
                                          "--depth", "0",  "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const RunResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, 0) << kind << ": " << result.err;
    boost::json::object json = boost::json::parse(result.out).as_object();
    EXPECT_EQ(json.at("pictures_asked").to_number<int>(), 2) << kind;
    boost::json::object coarse = json.at("stages").at("coarse").as_object();
    coarse.erase("img_queries_per_second");
    coarse.erase("txt_queries_per_second");
    return coarse;
  };
  const auto karpathy = eval("flickr30k",
                             R"({"images": [{"filename": "photo-001.jpg", "split": "val", "filepath":
      "photos", "sentences": [{"raw": ")" +
                                 a + R"("}]}, {"filename": "photo-002.jpg", "split": "val", "filepath":
      "photos", "sentences": [{"raw": ")" +
                                 b + R"("}]}, {"filename": "3.jpg", "split": "test", "sentences": []}]})",
                             {"--split", "val"});
  EXPECT_EQ(karpathy.at("img_r1").to_number<double>(), 100);
  EXPECT_EQ(karpathy, eval("coco", R"({"images": [{"id": 5, "file_name": "photo-001.jpg"}, {"id": 6, "file_name":
      "photo-002.jpg"}], "annotations": [{"image_id": 5, "caption": ")" +
                                       a + R"("}, {"image_id": 6, "caption": ")" + b + R"("}]})"));
  EXPECT_EQ(karpathy, eval("jsonl", R"({"image": "photos/photo-001.jpg", "caption": ")" + a + "\"}\n" +
                                        R"({"img_path": "photos/photo-002.jpg", "sentences": [")" + b + "\"]}\n"));
  EXPECT_EQ(karpathy, eval("csv", "a;b\nphotos/photo-001.jpg;" + a + "\nphotos/photo-002.jpg;" + b + "\n",
                           {"--image-column", "a", "--caption-column", "b", "--separator", ";"}));
}

TEST_F(EvalIntegrationTest, VideosAreFoundByTheirSentencesAndTheOtherWayRound) {
  const RunResult result = EvalVideos(testing::TestData("eval/sample_videos.csv"), {"--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const boost::json::value json = boost::json::parse(result.out);
  EXPECT_EQ(json.at("videos").to_number<int>(), 8);
  EXPECT_EQ(json.at("videos_asked").to_number<int>(), 8);
  EXPECT_EQ(json.at("captions_asked").to_number<int>(), 16);
  EXPECT_TRUE(json.at("missing").as_array().empty());
  const boost::json::value& coarse = json.at("stages").at("coarse");
  // Eight videos that differ, two captions each: guessing would be right once in eight, at a mean rank of 4.5.
  EXPECT_GT(coarse.at("img_r1").to_number<double>(), 2 * 12.5);
  EXPECT_GT(coarse.at("txt_r1").to_number<double>(), 2 * 12.5);
  EXPECT_LT(coarse.at("img_mnr").to_number<double>(), 4.5 / 2);
  EXPECT_TRUE(json.at("stages").at("rerank_4").at("txt_mnr").is_double());
  const RunResult matrix = EvalVideos(testing::TestData("eval/sample_videos.csv"), {"--json", "--protocol", "matrix"});
  ASSERT_EQ(matrix.exit_code, 0) << matrix.err;
  const boost::json::value matrix_json = boost::json::parse(matrix.out);
  for (const char* name : {"img_r1", "img_mnr", "txt_r1", "txt_mnr"}) {
    EXPECT_EQ(coarse.at(name), matrix_json.at("stages").at("coarse").at(name)) << name;
  }
}

TEST_F(EvalIntegrationTest, MissingAndBrokenVideosAndSentencesAreListed) {
  const std::filesystem::path videos = folder_ / "videos";
  std::filesystem::create_directories(videos);
  for (const char* name : {"clip-03.mp4", "clip-05.mp4"}) {
    std::filesystem::copy_file(testing::SourceTree("samples/videos") / name, videos / name);
  }
  std::filesystem::copy_file(videos / "clip-03.mp4", videos / "copy.mp4");
  testing::WriteTestFile(videos / "broken.mp4", "no video");
  testing::WriteTestFile(folder_ / "set.csv",
                         "sentence,video_id\n"
                         "a person rides a bicycle,clip-03\n"
                         "a white dog on the floor,clip-05\n"
                         "somebody cycles,copy\n"
                         "something broken,broken\n"
                         "nothing at all,clip-07\n"
                         ",clip-05\n"
                         "caf\xE9,clip-05\n");
  const RunResult result = Run({"eval", "msrvtt", "--csv", folder_ / "set.csv", "--videos", videos, "--depth", "2"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("missing: broken.mp4: "));
  EXPECT_THAT(result.out, HasSubstr("missing: clip-07: no such file"));
  EXPECT_THAT(result.out, HasSubstr("left out: line 7: "));
  EXPECT_THAT(result.out, HasSubstr("left out: line 8: "));
  EXPECT_THAT(result.out, HasSubstr("duplicate: copy.mp4: the content of clip-03.mp4"));
  EXPECT_THAT(result.out, HasSubstr("5 videos, 7 captions; asked: 3 captions, 3 videos"));
  EXPECT_THAT(result.out, HasSubstr("text to video"));
}

TEST_F(EvalIntegrationTest, WrongListsOfVideosAreInputErrors) {
  EXPECT_EQ(EvalVideos(testing::SourceTree("samples/photos/photo-001.jpg")).exit_code, 3);
  EXPECT_EQ(EvalVideos(testing::SourceTree("samples/captions.json")).exit_code, 3);
  EXPECT_EQ(EvalVideos("/nowhere.csv").exit_code, 3);
  testing::WriteTestFile(folder_ / "set.csv", "video,sentence\n");
  const RunResult column = EvalVideos(folder_ / "set.csv");
  EXPECT_EQ(column.exit_code, 3);
  EXPECT_THAT(column.err, HasSubstr("video_id"));
  testing::WriteTestFile(folder_ / "set.csv", "video_id,sentence\nclip-07,nothing\n");
  EXPECT_EQ(EvalVideos(folder_ / "set.csv").exit_code, 1);
  EXPECT_EQ(RunProgram({"eval", "msrvtt", "--csv", folder_ / "set.csv"}).exit_code, 2);
}

}  // namespace
}  // namespace sightline::app
