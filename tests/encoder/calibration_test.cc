// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/calibration.h"

#include <cmath>

#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::SourceTree;

constexpr auto kInvalid = ErrorCode::kInvalidArgument;

std::string Platt(const std::string& rest) {
  return R"({"format": "sightline-calibration/1", "coarse_weight": 2, "method": "platt", )" + rest + "}";
}

std::string Isotonic(const std::string& points) {
  return R"({"format": "sightline-calibration/1", "coarse_weight": 0, "method": "isotonic", "points": )" + points + "}";
}

TEST(CalibrationTest, ReadsTheSmallModelsFile) {
  const auto calibration = ParseCalibration(ReadTestFile(SourceTree("models/sightline-small/calibration.json")));
  ASSERT_THAT(calibration, IsOk());
  EXPECT_EQ(calibration->method, Calibration::Method::kPlatt);
  EXPECT_EQ(calibration->coarse_weight, 256);
  EXPECT_EQ(calibration->a, 0.07565540524302715);
  EXPECT_EQ(calibration->b, -6.895082590435489);
  EXPECT_NE(calibration->fitted_on, "");
}

TEST(CalibrationTest, RankScoreWeighsTheCoarseScore) {
  Calibration calibration;
  EXPECT_EQ(calibration.RankScore(3, 0.5), 3) << "the paper's protocol unless something else is said";
  calibration.coarse_weight = 10;
  EXPECT_EQ(calibration.RankScore(3, 0.5), 8);
}

TEST(CalibrationTest, PlattIsASigmoid) {
  Calibration calibration;
  calibration.a = 2;
  calibration.b = -1;
  EXPECT_DOUBLE_EQ(calibration.MatchProbability(0.5), 0.5);
  EXPECT_DOUBLE_EQ(calibration.MatchProbability(1.5), 1 / (1 + std::exp(-2.0)));
  EXPECT_EQ(calibration.MatchProbability(1e6), 1);
  EXPECT_EQ(calibration.MatchProbability(-1e6), 0);
}

TEST(CalibrationTest, IsotonicInterpolatesAndHoldsItsEnds) {
  const auto calibration = ParseCalibration(Isotonic("[[-2, 0.1], [0, 0.1], [4, 0.9]]"));
  ASSERT_THAT(calibration, IsOk());
  EXPECT_DOUBLE_EQ(calibration->MatchProbability(-9), 0.1);
  EXPECT_DOUBLE_EQ(calibration->MatchProbability(-1), 0.1);
  EXPECT_DOUBLE_EQ(calibration->MatchProbability(2), 0.5);
  EXPECT_DOUBLE_EQ(calibration->MatchProbability(4), 0.9);
  EXPECT_DOUBLE_EQ(calibration->MatchProbability(9), 0.9);
}

TEST(CalibrationTest, ProbabilityNeverContradictsTheOrder) {
  const auto calibration = ParseCalibration(Isotonic("[[0, 0.3], [0.1, 0.3], [0.3, 0.7], [7, 0.7000001]]"));
  ASSERT_THAT(calibration, IsOk());
  double previous = 0;
  for (int i = -100; i < 900; ++i) {
    const double probability = calibration->MatchProbability(0.01 * i);
    EXPECT_GE(probability, previous) << "at " << i;
    previous = probability;
  }
}

TEST(CalibrationTest, WritingAndReadingGivesTheSame) {
  Calibration platt;
  platt.coarse_weight = 0.1;
  platt.a = 1.0 / 3;
  platt.b = -1e-7;
  platt.fitted_on = "a \"set\"";
  const auto read_platt = ParseCalibration(CalibrationToJson(platt));
  ASSERT_THAT(read_platt, IsOk());
  EXPECT_EQ(read_platt->a, platt.a);
  EXPECT_EQ(read_platt->b, platt.b);
  EXPECT_EQ(read_platt->coarse_weight, platt.coarse_weight);
  EXPECT_EQ(read_platt->fitted_on, platt.fitted_on);

  Calibration isotonic;
  isotonic.method = Calibration::Method::kIsotonic;
  isotonic.points = {{-0.5, 0}, {0.25, 1.0 / 3}};
  const auto read_isotonic = ParseCalibration(CalibrationToJson(isotonic));
  ASSERT_THAT(read_isotonic, IsOk());
  EXPECT_EQ(read_isotonic->method, Calibration::Method::kIsotonic);
  EXPECT_EQ(read_isotonic->points, isotonic.points);
}

TEST(CalibrationMalformedTest, NotJsonIsCorruption) {
  EXPECT_THAT(ParseCalibration(""), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(ParseCalibration("{\"format\": "), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(ParseCalibration("[]"), IsErrorWith(kInvalid, "not a JSON object"));
}

TEST(CalibrationMalformedTest, OtherFormatsAreRefused) {
  EXPECT_THAT(ParseCalibration(R"({"format": "sightline-calibration/2"})"),
              IsErrorWith(ErrorCode::kFailedPrecondition, "newer"));
  EXPECT_THAT(ParseCalibration(R"({"format": "sightline-model/1"})"), IsErrorWith(kInvalid, "format"));
  EXPECT_THAT(ParseCalibration("{}"), IsErrorWith(kInvalid, "format"));
}

TEST(CalibrationMalformedTest, WrongValuesAreNamed) {
  EXPECT_THAT(ParseCalibration(Platt(R"("a": -1, "b": 0)")), IsErrorWith(kInvalid, "a: -1"));
  EXPECT_THAT(ParseCalibration(Platt(R"("a": 1)")), IsErrorWith(kInvalid, "b: missing"));
  EXPECT_THAT(ParseCalibration(Platt(R"("a": 1, "b": 1e300)")), IsErrorWith(kInvalid, "b: "));
  EXPECT_THAT(ParseCalibration(Platt(R"("a": "1", "b": 0)")), IsErrorWith(kInvalid, "a: "));
  EXPECT_THAT(ParseCalibration(Platt(R"("a": 1, "b": 0, "c": 0)")), IsErrorWith(kInvalid, "\"c\": unknown key"));
  EXPECT_THAT(ParseCalibration(Platt(R"("a": 1, "b": 0, "points": [[0, 1]])")), IsErrorWith(kInvalid, "points"));
  EXPECT_THAT(ParseCalibration(R"({"format": "sightline-calibration/1", "coarse_weight": 0, "method": "beta"})"),
              IsErrorWith(kInvalid, "method"));
}

TEST(CalibrationMalformedTest, BadPointsAreRefused) {
  for (const char* points :
       {"[]", "3", "[3]", "[[1]]", "[[1, 2]]", "[[1, -0.1]]", "[[\"1\", 0]]", "[[1, 0.5], [1, 0.6]]",
        "[[1, 0.5], [0, 0.6]]", "[[1, 0.5], [2, 0.4]]", "[[1e300, 0.5]]"}) {
    EXPECT_THAT(ParseCalibration(Isotonic(points)), IsErrorWith(kInvalid, "points")) << points;
  }
}

}  // namespace
}  // namespace sightline::encoder
