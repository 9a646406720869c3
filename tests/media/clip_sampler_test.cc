// SPDX-License-Identifier: BSD-3-Clause
#include "media/clip_sampler.h"

#include <algorithm>
#include <random>
#include <vector>

#include <boost/json.hpp>

#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TestData;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr int64_t kSecond = 1'000'000;

std::vector<TimeRange> RangesOf(const ClipPlan& plan) {
  std::vector<TimeRange> ranges;
  for (const PlannedClip& clip : plan.clips) ranges.push_back(clip.range);
  return ranges;
}

TimeRange Seconds(double start, double end) {
  return {static_cast<int64_t>(start * kSecond), static_cast<int64_t>(end * kSecond)};
}

TEST(ClipSamplerParityTest, EveryFrameSamplingCaseOfTheReference) {
  const auto fixture = boost::json::parse(ReadTestFile(TestData("video_tiny/frame_sampling.json")));
  const auto& rows = fixture.at("rows").as_array();
  ASSERT_THAT(rows, SizeIs(344));
  for (const auto& row : rows) {
    const int64_t stored = row.at(0).as_int64();
    const int64_t wanted = row.at(1).as_int64();
    const auto expected = boost::json::value_to<std::vector<int64_t>>(row.at(2));
    EXPECT_EQ(SampleFrames(stored, wanted), expected) << stored << " stored, " << wanted << " wanted";
  }
}

TEST(ClipSamplerTest, AShortVideoIsOneClipWhateverItsCuts) {
  const std::vector<int64_t> cuts{3 * kSecond, 5 * kSecond};
  for (const double seconds : {0.04, 1.0, 6.5, 8.0}) {
    const auto end = static_cast<int64_t>(seconds * kSecond);
    EXPECT_THAT(RangesOf(PlanClips(end, cuts, {})), ElementsAre(TimeRange{0, end}));
  }
}

TEST(ClipSamplerTest, AVideoWithoutDurationIsOneClipWithItsFirstFrame) {
  for (const int64_t duration : {int64_t{-5}, int64_t{0}, int64_t{1}}) {
    const ClipPlan plan = PlanClips(duration, {}, {});
    ASSERT_THAT(RangesOf(plan), ElementsAre(TimeRange{0, 1}));
    EXPECT_THAT(plan.clips[0].frame_times_us, ElementsAre(0, 0, 0));
  }
}

TEST(ClipSamplerTest, WindowsFollowOneAnotherAndTheLastTakesTheRest) {
  EXPECT_THAT(RangesOf(PlanClips(20 * kSecond, {}, {})), ElementsAre(Seconds(0, 8), Seconds(8, 16), Seconds(16, 20)));
}

TEST(ClipSamplerTest, AShortRestGoesToTheLastWindow) {
  EXPECT_THAT(RangesOf(PlanClips(17'900'000, {}, {})), ElementsAre(Seconds(0, 8), Seconds(8, 17.9)));
  EXPECT_THAT(RangesOf(PlanClips(18'000'000, {}, {})), ElementsAre(Seconds(0, 8), Seconds(8, 16), Seconds(16, 18)));
}

TEST(ClipSamplerTest, ScenesBeginClips) {
  const std::vector<int64_t> cuts{5 * kSecond, 18 * kSecond};
  EXPECT_THAT(RangesOf(PlanClips(24 * kSecond, cuts, {})),
              ElementsAre(Seconds(0, 5), Seconds(5, 13), Seconds(13, 18), Seconds(18, 24)));
}

TEST(ClipSamplerTest, CutsThatWouldMakeSliversArePassedOver) {
  const std::vector<int64_t> cuts{-kSecond,     0,          1'900'000,    9 * kSecond,
                                  10 * kSecond, 10'900'000, 15 * kSecond, 40 * kSecond};
  EXPECT_THAT(RangesOf(PlanClips(16 * kSecond, cuts, {})), ElementsAre(Seconds(0, 9), Seconds(9, 16)));
}

TEST(ClipSamplerTest, OverlappingWindowsOfAScene) {
  const ClipOptions options{.overlap_us = 2 * kSecond};
  const std::vector<int64_t> cuts{20 * kSecond};
  EXPECT_THAT(RangesOf(PlanClips(28 * kSecond, cuts, options)),
              ElementsAre(Seconds(0, 8), Seconds(6, 14), Seconds(12, 20), Seconds(20, 28)));
}

TEST(ClipSamplerTest, FramesAreTheFirstOfEachPartOfTheClip) {
  const ClipPlan plan = PlanClips(18 * kSecond, {}, {.window_us = 9 * kSecond});
  ASSERT_THAT(plan.clips, SizeIs(2));
  EXPECT_THAT(plan.clips[0].frame_times_us, ElementsAre(0, 3 * kSecond, 6 * kSecond));
  EXPECT_THAT(plan.clips[1].frame_times_us, ElementsAre(9 * kSecond, 12 * kSecond, 15 * kSecond));
}

TEST(ClipSamplerTest, TooManyClipsAreThinnedOutEvenly) {
  const ClipPlan plan = PlanClips(80 * kSecond, {}, {.max_clips = 4});
  EXPECT_EQ(plan.windows, 10u);
  EXPECT_THAT(RangesOf(plan), ElementsAre(Seconds(0, 8), Seconds(24, 32), Seconds(48, 56), Seconds(64, 72)));
  EXPECT_EQ(PlanClips(80 * kSecond, {}, {.max_clips = 10}).clips.size(), 10u);
}

TEST(ClipSamplerTest, RandomVideosAreCoveredByClipsOfReasonableLength) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    const auto draw = [&](int64_t from, int64_t to) {
      return std::uniform_int_distribution<int64_t>(from, to)(random);
    };
    ClipOptions options{.window_us = draw(100'000, 20 * kSecond), .frames = static_cast<int>(draw(1, 16))};
    if (round % 2 == 1) options.overlap_us = draw(0, options.window_us / 2);
    const int64_t duration = draw(1, 600 * kSecond);
    options.max_clips = 1'000'000;
    std::vector<int64_t> cuts(static_cast<size_t>(draw(0, 200)));
    for (int64_t& cut : cuts) cut = draw(-kSecond, 610 * kSecond);
    std::sort(cuts.begin(), cuts.end());

    const ClipPlan plan = PlanClips(duration, cuts, options);

    EXPECT_EQ(plan.clips, PlanClips(duration, cuts, options).clips);
    EXPECT_EQ(plan.windows, plan.clips.size());
    EXPECT_EQ(plan.clips.front().range.start_us, 0);
    EXPECT_EQ(plan.clips.back().range.end_us, duration);
    for (size_t i = 0; i < plan.clips.size(); ++i) {
      const auto& [range, times] = plan.clips[i];
      const int64_t length = range.end_us - range.start_us;
      EXPECT_LE(length, options.window_us + options.window_us / 4);
      EXPECT_GE(length, std::min(duration, options.window_us / 4));
      if (i > 0) {
        const TimeRange& before = plan.clips[i - 1].range;
        EXPECT_LE(range.start_us, before.end_us);
        EXPECT_LE(before.end_us - range.start_us, options.overlap_us);
        EXPECT_GT(range.end_us, before.end_us);
      }
      ASSERT_THAT(times, SizeIs(options.frames));
      EXPECT_EQ(times.front(), range.start_us);
      EXPECT_LT(times.back(), range.end_us);
      EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
    }
  }
}

TEST(ClipSamplerTest, OptionsOutOfRangeAreRefused) {
  EXPECT_THAT(CheckClipOptions({}), IsOk());
  EXPECT_THAT(CheckClipOptions({.window_us = 99'999}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(CheckClipOptions({.window_us = 86'400'000'001}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(CheckClipOptions({.overlap_us = 4'000'001}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(CheckClipOptions({.overlap_us = -1}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(CheckClipOptions({.frames = 0}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(CheckClipOptions({.frames = 65}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(CheckClipOptions({.max_clips = 0}), IsError(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace sightline::media
