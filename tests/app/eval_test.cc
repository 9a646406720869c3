// SPDX-License-Identifier: BSD-3-Clause
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
    return RunProgram(arguments);
  }

  static boost::json::array ThreePhotos() {
    return {Photo(1, {"Three meerkats stand upright next to each other on red ground.", "?!"}),
            Photo(2, {"A striped cat rolls on its back in the sun.", "A tabby cat lies on the pavement."}),
            Photo(3, {"Two white fluffy dogs stand on the big roots of an old tree."})};
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

TEST_F(EvalIntegrationTest, WrongFilesAreInputErrorsAndNothingToAskIsNoResult) {
  EXPECT_EQ(EvalPhotos(boost::json::object{}).exit_code, 3);
  EXPECT_EQ(EvalPhotos(boost::json::array{Photo(4, {"?!"})}).exit_code, 1);
}

}  // namespace
}  // namespace sightline::app
