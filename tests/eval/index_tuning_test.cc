// SPDX-License-Identifier: BSD-3-Clause
#include "eval/index_tuning.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using testing::IsError;
using testing::IsOk;

// An index that can be computed: recall grows with both ladders, work as well, and all lists are looked at in the end.
struct FakeIndex {
  uint32_t lists = 100;
  double most = 1;           // Recall when everything is looked at.
  double held_out_less = 0;  // By how much held-out queries do worse.
  double standard_error = 0;
  std::set<std::pair<uint32_t, uint32_t>> asked = {};

  double RecallAt(uint32_t probes, uint32_t refine) const {
    const double reached = std::min<double>(probes, lists) / lists;
    return most * (1 - 0.5 * std::pow(1 - reached, 4)) * (1 - 0.3 / refine);
  }
  Result<IndexMeasure> operator()(const storage::SearchParameters& parameters, std::span<const size_t> queries) {
    const uint32_t probes = parameters.probes.value_or(parameters.ef_search.value_or(4));
    const uint32_t refine = parameters.refine_factor.value_or(1'000'000);
    asked.emplace(probes, refine);
    const bool held_out = queries.front() == 1;
    return IndexMeasure{.parameters = parameters,
                        .recall = RecallAt(probes, refine) - (held_out ? held_out_less : 0),
                        .standard_error = standard_error,
                        .vectors = 10.0 * std::min(probes, lists),
                        .rows = parameters.refine_factor ? 14.0 * refine : 0,
                        .times = {}};
  }
};

const QueryHalves kHalves = {.tuning = {0}, .held_out = {1}};
constexpr IndexShape kLists = {.has_lists = true, .has_graph = false, .row_work = 2};
constexpr IndexShape kGraph = {.has_lists = false, .has_graph = true};

IndexTuning Tuned(const IndexShape& shape, double target, FakeIndex& index) {
  auto tuning = TuneIndex(shape, target, kHalves, std::ref(index));
  EXPECT_THAT(tuning, IsOk());
  return *std::move(tuning);
}

TEST(IndexTuningTest, TheLadderGrowsByAThirdOrAHalf) {
  EXPECT_EQ(LadderValue(0), 1U);
  for (size_t rung = 2; rung < 40; ++rung) {
    const double step = static_cast<double>(LadderValue(rung)) / LadderValue(rung - 1);
    EXPECT_TRUE(step == 1.5 || std::abs(step - 4.0 / 3) < 1e-9) << rung;
  }
  EXPECT_EQ(LadderValue(7), 16U);
  EXPECT_EQ(LadderValue(39), 1U << 20);
}

TEST(IndexTuningTest, TheChoiceIsTheLeastWorkOfAllSettings) {
  for (const double target : {0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99}) {
    FakeIndex index;
    const IndexTuning tuning = Tuned(kLists, target, index);
    ASSERT_TRUE(tuning.reached) << target;
    double least = 1e9;
    for (size_t rung = 0; rung < 20; ++rung) {
      for (uint32_t refine = 1; refine <= 64; refine *= 2) {
        if (index.RecallAt(LadderValue(rung), refine) < target) continue;
        least = std::min(least, 10.0 * std::min(LadderValue(rung), index.lists) + 2 * 14.0 * refine);
      }
    }
    EXPECT_DOUBLE_EQ(tuning.chosen.vectors + 2 * tuning.chosen.rows, least) << target;
    EXPECT_GE(tuning.chosen.recall, target);
    EXPECT_LT(index.asked.size(), 60U) << "not every setting was tried";
  }
}

TEST(IndexTuningTest, ATargetThatCannotBeMetIsSaidWithTheBestThereIs) {
  FakeIndex index{.most = 0.9};
  const IndexTuning tuning = Tuned(kLists, 0.95, index);
  EXPECT_FALSE(tuning.reached);
  EXPECT_TRUE(tuning.frontier.empty());
  EXPECT_DOUBLE_EQ(tuning.chosen.recall, 0.9 * (1 - 0.3 / 64));
  EXPECT_GE(*tuning.chosen.parameters.probes, index.lists) << "before it gave up, it looked at everything";
}

TEST(IndexTuningTest, TheHeldOutQueriesSayWhetherTheTargetIsMet) {
  FakeIndex index{.most = 0.9, .held_out_less = -0.09};
  const IndexTuning tuning = Tuned(kLists, 0.95, index);
  EXPECT_TRUE(tuning.frontier.empty());
  EXPECT_GT(tuning.chosen.recall, 0.95);
  EXPECT_TRUE(tuning.reached);
}

TEST(IndexTuningTest, ItClimbsUntilTheHeldOutQueriesReachTheTarget) {
  FakeIndex even;
  const IndexTuning first = Tuned(kLists, 0.9, even);
  EXPECT_EQ(first.climbed, 0U);
  FakeIndex uneven{.held_out_less = first.chosen.recall - 0.9 + 1e-3};
  const IndexTuning second = Tuned(kLists, 0.9, uneven);
  EXPECT_TRUE(second.reached);
  EXPECT_GT(second.climbed, 0U);
  EXPECT_GE(second.chosen.recall, 0.9);
  FakeIndex hopeless{.held_out_less = 0.2};
  const IndexTuning third = Tuned(kLists, 0.9, hopeless);
  EXPECT_FALSE(third.reached) << "the other half alone does not count";
  EXPECT_LT(third.chosen.recall, 0.9);
}

TEST(IndexTuningTest, WhatIsUncertainIsChosenWithAMargin) {
  FakeIndex sure;
  FakeIndex unsure{.standard_error = 0.02};
  EXPECT_GT(Tuned(kLists, 0.9, unsure).chosen.recall, Tuned(kLists, 0.9, sure).chosen.recall);
  // No setting is that sure, so the mean alone decides.
  FakeIndex vague{.standard_error = 0.5};
  EXPECT_EQ(Tuned(kLists, 0.9, vague).chosen.parameters, Tuned(kLists, 0.9, sure).chosen.parameters);
}

TEST(IndexTuningTest, AGraphHasOneLadderThatEnds) {
  FakeIndex index{.lists = 1000};
  const IndexTuning tuning = Tuned(kGraph, 0.95, index);
  EXPECT_TRUE(tuning.reached);
  EXPECT_GE(*tuning.chosen.parameters.ef_search, 16U);
  EXPECT_FALSE(tuning.chosen.parameters.probes || tuning.chosen.parameters.refine_factor);
  FakeIndex poor{.lists = 1'000'000};
  EXPECT_FALSE(Tuned(kGraph, 0.95, poor).reached);
  EXPECT_EQ(*Tuned(kGraph, 0.95, poor).chosen.parameters.ef_search, 16'384U);
}

TEST(IndexTuningTest, WhatIsExactIsOnlyMeasured) {
  FakeIndex index;
  const IndexTuning tuning = Tuned({}, 0.999, index);
  EXPECT_TRUE(tuning.is_exact);
  EXPECT_TRUE(tuning.reached);
  EXPECT_EQ(index.asked.size(), 1U);
}

TEST(IndexTuningTest, AFailedSearchIsTheError) {
  const auto failing = [](const auto&, const auto&) -> Result<IndexMeasure> {
    return Fail(ErrorCode::kCancelled, "stopped");
  };
  EXPECT_THAT(TuneIndex(kLists, 0.9, kHalves, failing), IsError(ErrorCode::kCancelled));
}

TEST(IndexTuningTest, LatenciesAreNearestRanks) {
  EXPECT_EQ(SearchTimesOf({}).median_ms, 0);
  EXPECT_EQ(SearchTimesOf({7}).p95_ms, 7);
  std::vector<double> ms;
  for (int i = 20; i > 0; --i) ms.push_back(i);
  EXPECT_EQ(SearchTimesOf(ms).median_ms, 10);
  EXPECT_EQ(SearchTimesOf(ms).p95_ms, 19);
}

}  // namespace
}  // namespace sightline::eval
