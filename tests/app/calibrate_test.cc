// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "app/calibrate_output.h"
#include "encoder/calibration.h"
#include "tests/app/program.h"
#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The first sample photos with their captions and tags as queries.
class CalibrateIntegrationTest : public ::testing::Test {
 protected:
  RunResult Calibrate(size_t photos, std::vector<std::string> more = {}) {
    const boost::json::value samples =
        boost::json::parse(testing::ReadTestFile(testing::SourceTree("samples/captions.json")));
    boost::json::array set;
    for (size_t i = 0; i < photos; ++i) {
      const boost::json::object& sample = samples.as_array().at(i).as_object();
      boost::json::array captions = sample.at("captions").as_array();
      for (const boost::json::value& tag : sample.at("tags").as_array()) captions.push_back(tag);
      set.push_back(boost::json::object{{"image", sample.at("file")}, {"caption", captions}});
    }
    testing::WriteTestFile(folder_ / "set.json", boost::json::serialize(set));
    std::vector<std::string> arguments = {
        "calibrate", "json", folder_ / "set.json", "--images", testing::SourceTree("samples"), "--depth", "4"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunProgram(arguments);
  }

  /// The small model with files of its own but the weights.
  std::filesystem::path CopyModel() {
    const std::filesystem::path copy = folder_ / "model";
    std::filesystem::create_directories(copy);
    for (const auto& file : std::filesystem::directory_iterator(testing::SourceTree("models/sightline-small"))) {
      const std::filesystem::path to = copy / file.path().filename();
      if (file.path().extension() == ".safetensors") {
        std::filesystem::create_symlink(file.path(), to);
      } else {
        std::filesystem::copy_file(file.path(), to);
      }
    }
    return copy;
  }

  testing::TempDir folder_;
};

TEST_F(CalibrateIntegrationTest, FitsOnHalfOfThePicturesAndReportsOnTheOther) {
  const std::filesystem::path out = folder_ / "new.json";
  const std::filesystem::path model = CopyModel();
  const std::string fingerprint_before = RunProgram({"model", "info", model, "--json"}).out;
  const RunResult result = Calibrate(20, {"--out", out, "--write-model", "--model", model, "--json", "--html",
                                          folder_ / "new.html", "--folder", folder_ / "kept"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const boost::json::value json = boost::json::parse(result.out);
  EXPECT_EQ(json.at("fit").at("pictures").to_number<int>(), 10);
  EXPECT_EQ(json.at("reported_on").as_string(), "odd");
  const boost::json::value& report = json.at("report");
  EXPECT_GE(report.at("queries").to_number<int>(), 50);
  EXPECT_GT(report.at("first_right").to_number<double>(), 0.4);  // Ten pictures that differ: guessing has 0.1.
  // Without its own picture a query has an answer less often.
  const boost::json::value& rate = json.at("answers").at(1);
  EXPECT_EQ(rate.at("min_match").to_number<double>(), 0.5);
  EXPECT_LT(rate.at("without_own").to_number<double>(), rate.at("with_own").to_number<double>());
  EXPECT_EQ(json.at("picture_to_text").at("queries").to_number<int>(), 10);

  // What was written is what was reported, in both places; the model is the same one for every collection.
  EXPECT_THAT(encoder::ParseCalibration(testing::ReadTestFile(out)), testing::IsOk());
  EXPECT_EQ(boost::json::parse(testing::ReadTestFile(out)), json.at("calibration"));
  EXPECT_EQ(testing::ReadTestFile(model / "calibration.json"), testing::ReadTestFile(out));
  EXPECT_THAT(std::string(json.at("written").at(0).as_string()), Not(HasSubstr("replaces")));
  EXPECT_THAT(std::string(json.at("written").at(1).as_string()), HasSubstr("replaces the one fitted on"));
  EXPECT_THAT(std::string(json.at("calibration").at("fitted_on").as_string()), HasSubstr("set.json, even-numbered"));
  const boost::json::value before = boost::json::parse(fingerprint_before);
  const boost::json::value after = boost::json::parse(RunProgram({"model", "info", model, "--json"}).out);
  EXPECT_EQ(after.at("fingerprint"), before.at("fingerprint"));
  EXPECT_THAT(testing::ReadTestFile(folder_ / "new.html"), HasSubstr("<svg"));
  EXPECT_THAT(testing::ReadTestFile(folder_ / "new.html"), Not(HasSubstr("nan")));

  // Once more from what is kept, as a table, replacing the file; the calibration now in use is the one before.
  const RunResult again = Calibrate(20, {"--out", out, "--model", model, "--folder", folder_ / "kept"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("it replaces the one fitted on \"set.json"));
  EXPECT_THAT(again.out, HasSubstr("reported on  odd pictures"));
  EXPECT_EQ(testing::ReadTestFile(model / "calibration.json"), testing::ReadTestFile(out));
}

TEST_F(CalibrateIntegrationTest, ACollectionGetsACalibrationOfItsOwn) {
  const std::vector<std::string> data = {"--data-dir", folder_ / "data"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), data.begin(), data.end());
    return RunProgram(arguments);
  };
  ASSERT_EQ(run({"index", "photos", testing::SourceTree("samples/photos/photo-003.jpg")}).exit_code, 0);
  const auto probability = [&] {
    const RunResult found = run({"search", "photos", "two white dogs", "--json"});
    return boost::json::parse(found.out).at("hits").at(0).at("match_probability").to_number<double>();
  };
  const double before = probability();
  const RunResult result =
      Calibrate(12, {"--pictures", "all", "--json", "--collection", "photos", "--data-dir", folder_ / "data"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const boost::json::value json = boost::json::parse(result.out);
  EXPECT_EQ(json.at("written").at(0).as_string(), "stored in collection photos");
  EXPECT_EQ(json.at("reported_on").as_string(), "cross-validation of the same");
  EXPECT_EQ(json.at("report").at("queries"), json.at("fit").at("queries"));
  EXPECT_NE(probability(), before);
  EXPECT_EQ(run({"calibrate", "json", folder_ / "set.json", "--images", testing::SourceTree("samples"), "--collection",
                 "nothing"})
                .exit_code,
            2);
}

TEST_F(CalibrateIntegrationTest, WhatCannotBeFittedIsSaidAndNothingIsWritten) {
  const RunResult few = Calibrate(4, {"--out", folder_ / "new.json", "--pictures", "all"});
  EXPECT_EQ(few.exit_code, 3);
  EXPECT_THAT(few.err, HasSubstr("too few to calibrate on"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new.json"));
  const RunResult nowhere = Calibrate(4, {"--out", folder_ / "nowhere" / "new.json"});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("nowhere"));
  // Known before the long work: nothing is half done.
  const RunResult no_page = Calibrate(20, {"--out", folder_ / "new.json", "--html", folder_ / "nowhere" / "new.html"});
  EXPECT_EQ(no_page.exit_code, 2);
  EXPECT_THAT(no_page.err, HasSubstr("there is no folder"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "new.json"));
  const RunResult no_file = Calibrate(20, {"--out", folder_.path()});
  EXPECT_EQ(no_file.exit_code, 2);
  EXPECT_THAT(no_file.err, HasSubstr("is a folder: give a file"));
  EXPECT_EQ(Calibrate(4, {"--pictures", "some"}).exit_code, 2);
  EXPECT_EQ(RunProgram({"calibrate", "json", "/nowhere.json", "--images", "/"}).exit_code, 3);
}

TEST_F(CalibrateIntegrationTest, PicturesThatAreNotThereAreTheReasonForTooFew) {
  EXPECT_EQ(Calibrate(4).exit_code, 3);  // Writes the set.
  const RunResult nothing = RunProgram({"calibrate", "json", folder_ / "set.json", "--images", folder_.path()});
  EXPECT_EQ(nothing.exit_code, 3);
  EXPECT_THAT(nothing.err, HasSubstr("0 queries about 0 pictures are too few"));
  EXPECT_THAT(nothing.err, HasSubstr("missing 2, the first: "));
  EXPECT_THAT(nothing.err, HasSubstr("photo-001.jpg"));
}

TEST(CalibrateOutputTest, AScoreThatSaysNothingIsCalledThat) {
  CalibrateOutput output;
  output.fit.weights = {{.coarse_weight = 0}};
  output.fit.calibration.a = 0;
  EXPECT_THAT(CalibrateTable(output), HasSubstr("does not tell right from wrong"));
  output.fit.calibration.a = 0.5;
  EXPECT_THAT(CalibrateTable(output), Not(HasSubstr("does not tell right from wrong")));
  output.fit.calibration.method = encoder::Calibration::Method::kIsotonic;
  output.fit.calibration.points = {{-1, 0.25}, {1, 0.25}};
  EXPECT_THAT(CalibrateTable(output), HasSubstr("does not tell right from wrong"));
}

}  // namespace
}  // namespace sightline::app
