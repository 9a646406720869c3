// SPDX-License-Identifier: BSD-3-Clause
#include "eval/statistics.h"

#include <numeric>
#include <vector>

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using testing::IsError;
using testing::IsOk;

std::vector<size_t> EachItsOwn(size_t count) {
  std::vector<size_t> clusters(count);
  std::iota(clusters.begin(), clusters.end(), 0);
  return clusters;
}

// `ones` values of 1 among `count`.
std::vector<double> Hits(size_t ones, size_t count) {
  std::vector<double> values(count, 0.0);
  std::fill_n(values.begin(), ones, 1.0);
  return values;
}

// The first numbers of the generator's published implementation (https://prng.di.unimi.it/splitmix64.c), seed 1234567.
TEST(RandomNumbersTest, AreThoseOfSplitMix64) {
  RandomNumbers random(1234567);
  EXPECT_EQ(random.Next(), 6457827717110365317U);
  EXPECT_EQ(random.Next(), 3203168211198807973U);
  EXPECT_EQ(random.Next(), 9817491932198370423U);
}

TEST(RandomNumbersTest, BelowReachesEveryNumberEquallyOften) {
  RandomNumbers random(1);
  std::vector<int> counts(3, 0);
  for (int i = 0; i < 3000; ++i) ++counts[random.Below(3)];
  for (const int count : counts) EXPECT_NEAR(count, 1000, 100);  // Standard deviation 26.
  EXPECT_EQ(random.Below(1), 0U);
}

TEST(QuantileTest, LiesBetweenItsNeighbours) {
  const std::vector<double> sorted = {10, 20, 30, 50};
  EXPECT_DOUBLE_EQ(QuantileOf(sorted, 0), 10);
  EXPECT_DOUBLE_EQ(QuantileOf(sorted, 1), 50);
  EXPECT_DOUBLE_EQ(QuantileOf(sorted, 0.5), 25);
  EXPECT_DOUBLE_EQ(QuantileOf(sorted, 0.75), 35);  // Place 2.25.
  EXPECT_DOUBLE_EQ(QuantileOf(std::vector<double>{7}, 0.3), 7);
}

TEST(BootstrapTest, EqualValuesLeaveNoDoubt) {
  const auto interval = BootstrapMean(std::vector<double>(20, 100.0), EachItsOwn(20));
  ASSERT_THAT(interval, IsOk());
  EXPECT_EQ(*interval, (Interval{100, 100}));
  EXPECT_EQ(*BootstrapMean({}, {}), (Interval{0, 0}));
}

// Of two values a resample has mean 0, 50 or 100, the outer ones in a quarter of all: beyond 2.5 %.
TEST(BootstrapTest, TwoValuesSpanBoth) {
  const auto interval = BootstrapMean(std::vector<double>{0, 100}, EachItsOwn(2));
  ASSERT_THAT(interval, IsOk());
  EXPECT_EQ(*interval, (Interval{0, 100}));
}

// The mean of resamples of 50 hits among 100 is binomial: its 2.5 % and 97.5 % quantiles are 40 and 60.
TEST(BootstrapTest, AgreesWithTheBinomialDistribution) {
  const auto interval = BootstrapMean(Hits(50, 100), EachItsOwn(100));
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->low, 0.40, 0.011);
  EXPECT_NEAR(interval->high, 0.60, 0.011);
}

// Five equal values per cluster say no more than one: the interval is that of 100, not of 500.
TEST(BootstrapTest, ValuesOfOneClusterStandOrFallTogether) {
  std::vector<double> values;
  std::vector<size_t> clusters;
  for (size_t i = 0; i < 500; ++i) {
    values.push_back(i < 250 ? 1 : 0);
    clusters.push_back(1000 - i / 5);
  }
  const auto together = BootstrapMean(values, clusters);
  const auto alone = BootstrapMean(Hits(50, 100), EachItsOwn(100));
  ASSERT_THAT(together, IsOk());
  EXPECT_DOUBLE_EQ(together->low, alone->low);
  EXPECT_DOUBLE_EQ(together->high, alone->high);
}

TEST(BootstrapTest, TheSameArgumentsGiveTheSameInterval) {
  const std::vector<double> values = Hits(13, 37);
  EXPECT_EQ(*BootstrapMean(values, EachItsOwn(37)), *BootstrapMean(values, EachItsOwn(37)));
  EXPECT_NE(*BootstrapMean(values, EachItsOwn(37), {.resamples = 10, .seed = 1}),
            *BootstrapMean(values, EachItsOwn(37), {.resamples = 10, .seed = 2}));
}

TEST(BootstrapTest, WrongArgumentsAreRefused) {
  EXPECT_THAT(BootstrapMean(Hits(1, 2), EachItsOwn(3)), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(BootstrapMean(Hits(1, 2), EachItsOwn(2), {.resamples = 0}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(BootstrapMean(Hits(1, 2), EachItsOwn(2), {.level = 1}), IsError(ErrorCode::kInvalidArgument));
}

// Five queries, all better: 2 of 32 assignments of signs are as extreme.
TEST(PairedTest, FewDifferencesAreTestedExactly) {
  const auto comparison = ComparePaired(Hits(0, 8), Hits(5, 8), EachItsOwn(8));
  ASSERT_THAT(comparison, IsOk());
  EXPECT_DOUBLE_EQ(comparison->p_value, 2.0 / 32);
  EXPECT_DOUBLE_EQ(comparison->difference, 5.0 / 8);
  EXPECT_EQ(comparison->better, 5U);
  EXPECT_EQ(comparison->worse, 0U);
}

// McNemar's exact test of 8 against 2: twice the chance of at most 2 heads in 10 throws, 2 * (1 + 10 + 45) / 1024.
TEST(PairedTest, IsMcNemarsTestOnHits) {
  std::vector<double> a(30, 1.0);
  std::vector<double> b(30, 1.0);
  std::fill_n(a.begin(), 8, 0.0);
  std::fill_n(b.begin() + 8, 2, 0.0);
  const auto comparison = ComparePaired(a, b, EachItsOwn(30));
  ASSERT_THAT(comparison, IsOk());
  EXPECT_DOUBLE_EQ(comparison->p_value, 112.0 / 1024);
  EXPECT_EQ(comparison->better, 8U);
  EXPECT_EQ(comparison->worse, 2U);
}

// 15 to 5 of 20 that differ: 2 * (1 + 20 + 190 + 1140 + 4845 + 15504) / 2^20 = 0.0414.
TEST(PairedTest, ManyDifferencesAreSampled) {
  std::vector<double> a(40, 0.0);
  std::vector<double> b(40, 0.0);
  std::fill_n(b.begin(), 15, 1.0);
  std::fill_n(a.begin() + 15, 5, 1.0);
  const auto comparison = ComparePaired(a, b, EachItsOwn(40));
  ASSERT_THAT(comparison, IsOk());
  EXPECT_NEAR(comparison->p_value, 0.0414, 0.006);  // Three standard deviations of 9,999 flips.
  EXPECT_EQ(comparison->p_value, ComparePaired(a, b, EachItsOwn(40))->p_value);
}

// Fifteen differences in three clusters are three: 2 of 8 assignments.
TEST(PairedTest, ClustersCountOnce) {
  std::vector<size_t> clusters(15);
  for (size_t i = 0; i < clusters.size(); ++i) clusters[i] = i / 5;
  const auto comparison = ComparePaired(Hits(0, 15), Hits(15, 15), clusters);
  ASSERT_THAT(comparison, IsOk());
  EXPECT_DOUBLE_EQ(comparison->p_value, 0.25);
}

TEST(PairedTest, EqualConfigurationsDoNotDiffer) {
  const auto comparison = ComparePaired(Hits(3, 9), Hits(3, 9), EachItsOwn(9));
  ASSERT_THAT(comparison, IsOk());
  EXPECT_EQ(comparison->p_value, 1);
  EXPECT_EQ(comparison->interval, (Interval{0, 0}));
  EXPECT_EQ(ComparePaired({}, {}, {})->p_value, 1);
  EXPECT_THAT(ComparePaired(Hits(1, 2), Hits(1, 3), EachItsOwn(2)), IsError(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace sightline::eval
