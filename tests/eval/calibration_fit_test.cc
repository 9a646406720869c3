// SPDX-License-Identifier: BSD-3-Clause
#include "eval/calibration_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "eval/calibration_report.h"
#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using encoder::Calibration;
using testing::IsErrorWith;
using testing::IsOk;
using Lists = std::vector<CandidateList>;

struct World {
  size_t pictures = 200;
  size_t captions = 5;  // Of a picture.
  size_t candidates = 12;
  double coarse_gap = 0.1;  // How much better its own picture is on average; the deviation is 0.05.
  double logit_gap = 2;     // Likewise; the deviation is 2.
};

// Draws what a model says of a caption's own picture and of others: normal scores, so that the best weight is known:
// the log odds are logit_gap / 4 * logit + coarse_gap / 0.0025 * coarse.
Lists Draw(const World& world, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Lists lists;
  for (size_t query = 0; query < world.pictures * world.captions; ++query) {
    CandidateList& list = lists.emplace_back();
    list.picture = query / world.captions;
    for (size_t i = 0; i < world.candidates; ++i) {
      const double own = i == 0 ? 1 : 0;
      list.pairs.push_back({.coarse_score = static_cast<float>(0.3 + own * world.coarse_gap + 0.05 * normal(random)),
                            .match_logit = static_cast<float>(own * world.logit_gap + 2 * normal(random)),
                            .right = i == 0});
    }
    std::sort(list.pairs.begin(), list.pairs.end(),
              [](const ScoredPair& a, const ScoredPair& b) { return a.coarse_score > b.coarse_score; });
  }
  return lists;
}

double EceOf(const Lists& lists, const Calibration& calibration) { return FiguresOf(lists, calibration).ece; }

TEST(CalibrationFitTest, IsHonestAboutFirstHitsOfQueriesItHasNotSeen) {
  const auto fit = FitCalibration(Draw({}, 1));
  ASSERT_THAT(fit, IsOk());
  const CalibrationFigures figures = FiguresOf(Draw({.pictures = 1000}, 2), fit->calibration);
  EXPECT_EQ(figures.queries, 5000U);
  EXPECT_LT(figures.ece, 0.03);
  EXPECT_LT(figures.chance_ece, 0.02);
  EXPECT_GT(figures.accuracy, 0.5);
  // What counts all candidates alike, as the log odds above do, calls first hits too unlikely.
  Calibration of_all = fit->calibration;
  of_all.coarse_weight = 80;
  of_all.method = Calibration::Method::kPlatt;
  of_all.a = 0.5;
  of_all.b = -0.5 * (80 * 0.35 + 1) - std::log(11);
  EXPECT_GT(EceOf(Draw({.pictures = 1000}, 2), of_all), 2 * figures.ece);
  // The held-out figures foretell it.
  const auto held_out = EqualMassBins(fit->held_out);
  EXPECT_LT(ExpectedCalibrationError(held_out), 2 * ChanceCalibrationError(held_out));
  EXPECT_EQ(fit->held_out.size(), 1000U);
  EXPECT_EQ(fit->pictures, 200U);
}

// The best weight is 80; the smallest that is no worse beyond chance is taken.
TEST(CalibrationFitTest, FindsTheCoarseWeightThatOrdersBest) {
  const auto both = FitCalibration(Draw({.pictures = 400}, 3));
  ASSERT_THAT(both, IsOk());
  EXPECT_GE(both->calibration.coarse_weight, 32);
  EXPECT_LE(both->calibration.coarse_weight, 96);
  const auto useless_logit = FitCalibration(Draw({.pictures = 400, .logit_gap = 0}, 3));
  ASSERT_THAT(useless_logit, IsOk());
  EXPECT_GE(useless_logit->calibration.coarse_weight, 192);
  const auto useless_coarse = FitCalibration(Draw({.pictures = 400, .coarse_gap = 0}, 3));
  ASSERT_THAT(useless_coarse, IsOk());
  EXPECT_EQ(useless_coarse->calibration.coarse_weight, 0);
}

TEST(CalibrationFitTest, EveryWeightThatWasTriedIsReported) {
  const auto fit = FitCalibration(Draw({}, 4));
  ASSERT_THAT(fit, IsOk());
  EXPECT_EQ(fit->weights.front().coarse_weight, 0);
  EXPECT_EQ(fit->weights.back().coarse_weight, 4096);
  double best = 0;
  for (const WeightTrial& trial : fit->weights) best = std::max(best, trial.mrr);
  for (const WeightTrial& trial : fit->weights) {
    EXPECT_TRUE(trial.tied || trial.mrr < best) << trial.coarse_weight;
    EXPECT_EQ(trial.tied, trial.log_loss > 0) << trial.coarse_weight;
    if (trial.coarse_weight != fit->calibration.coarse_weight) continue;
    EXPECT_TRUE(trial.tied);
    EXPECT_NEAR(trial.r1, 100 * FiguresOf(Draw({}, 4), fit->calibration).accuracy, 1e-9);
  }
}

TEST(CalibrationFitTest, TheSameListsGiveTheSameFitAndOneOfBothKinds) {
  const auto one = FitCalibration(Draw({}, 5));
  const auto other = FitCalibration(Draw({}, 5));
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(encoder::CalibrationToJson(one->calibration), encoder::CalibrationToJson(other->calibration));
  const bool isotonic = one->calibration.method == Calibration::Method::kIsotonic;
  EXPECT_FALSE(isotonic);  // These worlds have a sigmoid's shape.
  EXPECT_DOUBLE_EQ(LogLoss(one->held_out), one->platt_log_loss);
  EXPECT_THAT(encoder::ParseCalibration(encoder::CalibrationToJson(one->calibration)), IsOk());
}

// First hits with a long flat top: right in 60 % of cases however good the score is. No sigmoid has that shape.
TEST(CalibrationFitTest, AnIsotonicMapWinsWhereASigmoidDoesNotFit) {
  Lists lists;
  std::mt19937_64 random(6);
  for (size_t query = 0; query < 2000; ++query) {
    const double score = static_cast<double>(query % 100) / 10;
    const bool right = static_cast<double>(random() >> 11) * 0x1p-53 < (score < 5 ? 0.02 : 0.6);
    lists.push_back({.picture = query / 5,
                     .pairs = {{.coarse_score = 0, .match_logit = static_cast<float>(score), .right = right},
                               {.coarse_score = 0, .match_logit = -20, .right = false}}});
  }
  const auto fit = FitCalibration(lists);
  ASSERT_THAT(fit, IsOk());
  EXPECT_EQ(fit->calibration.method, Calibration::Method::kIsotonic);
  EXPECT_EQ(fit->calibration.coarse_weight, 0);  // The coarse scores say nothing: all weights are equal, 0 is first.
  EXPECT_NEAR(fit->calibration.MatchProbability(9), 0.6, 0.06);
  EXPECT_NEAR(fit->calibration.MatchProbability(2), 0.02, 0.02);
}

TEST(CalibrationFitTest, ConstantScoresGiveTheShareThatIsRight) {
  Lists lists;
  for (size_t query = 0; query < 400; ++query) {
    lists.push_back({.picture = query / 5, .pairs = {{0.5F, 1, query % 4 == 0}, {0.5F, 1, query % 4 != 0}}});
  }
  const auto fit = FitCalibration(lists);
  ASSERT_THAT(fit, IsOk());
  // A quarter of the first hits, each counting 1, and three quarters of the others, each counting 0.1.
  EXPECT_NEAR(fit->calibration.MatchProbability(1), (0.25 + 0.1 * 0.75) / 1.1, 0.01);
}

TEST(CalibrationFitTest, FirstHitsThatAreAllRightAreNotCertain) {
  Lists lists;
  for (size_t query = 0; query < 100; ++query) {
    lists.push_back({.picture = query / 5, .pairs = {{0.5F, 5, true}, {0.4F, -5, false}}});
  }
  const auto fit = FitCalibration(lists);
  ASSERT_THAT(fit, IsOk());
  EXPECT_EQ(fit->calibration.coarse_weight, 0);  // All order them right.
  EXPECT_GT(fit->calibration.MatchProbability(5), 0.9);
  EXPECT_LT(fit->calibration.MatchProbability(5), 1);
}

TEST(CalibrationFitTest, RefusesWhatCannotBeFitted) {
  const auto refused = [](const Lists& lists, const char* why) {
    EXPECT_THAT(FitCalibration(lists), IsErrorWith(ErrorCode::kInvalidArgument, why));
  };
  refused({}, "too few");
  refused(Lists(1000), "0 queries");  // Nothing was found for any of them.
  refused(Draw({.pictures = 9, .captions = 10}, 7), "9 pictures are too few");
  refused(Draw({.pictures = 49, .captions = 1}, 7), "49 queries");
  Lists none_right = Draw({}, 7);
  Lists all_right = Draw({.candidates = 1}, 7);
  for (CandidateList& list : none_right) {
    for (ScoredPair& pair : list.pairs) pair.right = false;
  }
  refused(none_right, "no query found its own picture");
  refused(all_right, "every candidate is right");
  Lists broken = Draw({}, 7);
  broken[17].pairs[3].match_logit = std::numeric_limits<float>::quiet_NaN();
  refused(broken, "picture 3 is not a number");
  broken[17].pairs[3].match_logit = 0;
  broken[18].pairs[0].coarse_score = std::numeric_limits<float>::infinity();
  refused(broken, "picture 3 is not a number");
}

TEST(CalibrationReportTest, AnswersAreCountedWithAndWithoutTheRightOne) {
  const Calibration plain;  // The sigmoid of the logit.
  const Lists with = {{0, {{0.5F, 3, true}, {0.4F, 0, false}}}, {1, {{0.5F, -1, false}, {0.4F, -2, true}}}, {2, {}}};
  const Lists without = {{0, {{0.4F, 0, false}}}, {1, {{0.5F, -1, false}}}, {2, {}}};
  const auto rates = AnswerRates(with, &without, plain);
  ASSERT_EQ(rates.size(), 4U);
  EXPECT_DOUBLE_EQ(rates[0].min_match, 0.3);
  EXPECT_DOUBLE_EQ(rates[0].with_own, 1.0 / 3);             // 0.95; 0.27; nothing.
  EXPECT_DOUBLE_EQ(rates[1].without_own.value(), 1.0 / 3);  // 0.5 is not below 0.5.
  EXPECT_DOUBLE_EQ(rates[2].without_own.value(), 0);
  EXPECT_DOUBLE_EQ(rates[3].with_own, 1.0 / 3);
  EXPECT_FALSE(AnswerRates(with, nullptr, plain)[0].without_own);
  const CalibrationFigures figures = FiguresOf(with, plain);
  EXPECT_EQ(figures.queries, 2U);
  EXPECT_DOUBLE_EQ(figures.accuracy, 0.5);
  EXPECT_EQ(figures.first_hits[1].shown, 1U);
  EXPECT_EQ(figures.all_hits[1].shown, 2U);
  EXPECT_DOUBLE_EQ(figures.all_hits[1].precision.value(), 0.5);
  EXPECT_DOUBLE_EQ(figures.all_hits[1].recall, 0.5);
}

}  // namespace
}  // namespace sightline::eval
