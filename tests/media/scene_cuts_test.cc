// SPDX-License-Identifier: BSD-3-Clause
#include "media/scene_cuts.h"

#include <vector>

#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kStep = 500'000;

/// Pixels spread evenly over the luma levels from `first` to `last`, 4 levels per bin.
LumaHistogram Levels(int first, int last, uint32_t per_level = 100) {
  LumaHistogram histogram{};
  for (int level = first; level <= last; ++level) histogram[static_cast<size_t>(level / 4)] += per_level;
  return histogram;
}

std::vector<int64_t> CutsIn(const std::vector<LumaHistogram>& row) {
  SceneCutFinder finder;
  for (size_t i = 0; i < row.size(); ++i) finder.Add(static_cast<int64_t>(i) * kStep, row[i]);
  return finder.Take();
}

std::vector<LumaHistogram> operator+(std::vector<LumaHistogram> a, const std::vector<LumaHistogram>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<LumaHistogram> Times(size_t n, const LumaHistogram& histogram) { return {n, histogram}; }

const LumaHistogram kDark = Levels(0, 79);
const LumaHistogram kMiddle = Levels(90, 160);
const LumaHistogram kBright = Levels(170, 255);

TEST(HistogramDifferenceTest, RunsFromNothingToEverything) {
  EXPECT_DOUBLE_EQ(HistogramDifference(kDark, kDark), 0);
  EXPECT_DOUBLE_EQ(HistogramDifference(kDark, Levels(0, 79, 7)), 0) << "the number of pixels does not matter";
  EXPECT_DOUBLE_EQ(HistogramDifference(Levels(0, 3), Levels(252, 255)), 1);
  EXPECT_DOUBLE_EQ(HistogramDifference(kDark, kBright), HistogramDifference(kBright, kDark));
  EXPECT_DOUBLE_EQ(HistogramDifference(kDark, LumaHistogram{}), 0);
}

TEST(HistogramDifferenceTest, AStepOfExposureCountsForLittle) {
  EXPECT_LT(HistogramDifference(Levels(40, 199), Levels(44, 203)), 0.05);
  EXPECT_LT(HistogramDifference(Levels(100, 103), Levels(104, 107)), 0.25) << "even of an even picture";
}

TEST(SceneCutFinderTest, NoFramesOrOneHaveNoCuts) {
  EXPECT_THAT(CutsIn({}), IsEmpty());
  EXPECT_THAT(CutsIn({kDark}), IsEmpty());
  EXPECT_THAT(CutsIn(Times(20, kDark)), IsEmpty());
}

TEST(SceneCutFinderTest, FindsTheFirstSampleOfEachScene) {
  EXPECT_THAT(CutsIn(Times(4, kDark) + Times(6, kBright) + Times(5, kMiddle)), ElementsAre(4 * kStep, 10 * kStep));
}

TEST(SceneCutFinderTest, FindsCutsAtBothEnds) {
  EXPECT_THAT(CutsIn(Times(1, kDark) + Times(6, kBright)), ElementsAre(kStep));
  EXPECT_THAT(CutsIn(Times(6, kDark) + Times(1, kBright)), ElementsAre(6 * kStep));
  EXPECT_THAT(CutsIn({kDark, kBright}), ElementsAre(kStep));
}

TEST(SceneCutFinderTest, AFlashIsNoScene) {
  EXPECT_THAT(CutsIn(Times(5, kDark) + Times(1, kBright) + Times(5, kDark)), IsEmpty());
}

TEST(SceneCutFinderTest, AFadeHasNoCut) {
  std::vector<LumaHistogram> fade;
  for (int level = 0; level <= 150; level += 8) fade.push_back(Levels(level, level + 100));
  EXPECT_THAT(CutsIn(fade), IsEmpty());
}

TEST(SceneCutFinderTest, ADissolveIsOneCut) {
  LumaHistogram half = kDark;
  for (size_t i = 0; i < kLumaBins; ++i) half[i] += kBright[i] * 2;
  EXPECT_THAT(CutsIn(Times(5, kDark) + Times(1, half) + Times(5, kBright)), ElementsAre(5 * kStep));
}

TEST(SceneCutFinderTest, WhereEverythingChangesAllTheTimeNothingIsACut) {
  std::vector<LumaHistogram> restless;
  for (int i = 0; i < 40; ++i) restless.push_back(Levels(i * 67 % 150, i * 67 % 150 + 60));
  EXPECT_THAT(CutsIn(restless).size(), ::testing::Le(4u));
}

TEST(SceneCutFinderTest, FramesOutOfOrderArePassedOver) {
  SceneCutFinder finder;
  for (const int64_t time : {0, 1, 2, 3}) finder.Add(time, kDark);
  finder.Add(3, kBright);
  finder.Add(1, kBright);
  for (const int64_t time : {4, 5, 6}) finder.Add(time, kDark);
  EXPECT_THAT(finder.Take(), IsEmpty());
}

TEST(SceneCutFinderTest, TakeBeginsAnew) {
  SceneCutFinder finder;
  for (const int64_t time : {0, 1, 2}) finder.Add(time, kDark);
  EXPECT_THAT(finder.Take(), IsEmpty());
  for (const int64_t time : {0, 1}) finder.Add(time, kBright);
  EXPECT_THAT(finder.Take(), IsEmpty());
}

}  // namespace
}  // namespace sightline::media
