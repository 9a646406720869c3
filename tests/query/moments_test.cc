// SPDX-License-Identifier: BSD-3-Clause
#include "query/moments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sightline::query {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kSecond = 1'000'000;

struct Clip {
  uint64_t video = 1;
  int64_t start_s = 0;
  int64_t end_s = 0;
  std::optional<double> probability = std::nullopt;
  float coarse_score = 0.3F;
};

Candidate MakeCandidate(const Clip& clip, uint64_t unit) {
  Candidate candidate;
  candidate.unit = UnitId{unit};
  candidate.item = ItemId{clip.video};
  candidate.type = UnitType::kClip;
  candidate.range = TimeRange{clip.start_s * kSecond, clip.end_s * kSecond};
  candidate.best_frame_us = clip.start_s * kSecond + 1;
  candidate.clips = 1;
  candidate.match_probability = clip.probability;
  candidate.coarse_score = clip.coarse_score;
  return candidate;
}

// Unit ids count from 1 in the order given, which is best first.
std::vector<Candidate> MakeCandidates(const std::vector<Clip>& clips) {
  std::vector<Candidate> candidates;
  for (const Clip& clip : clips) candidates.push_back(MakeCandidate(clip, candidates.size() + 1));
  return candidates;
}

// "video start-end" in seconds.
std::vector<std::string> Ranges(std::span<const Candidate> candidates) {
  std::vector<std::string> out;
  for (const Candidate& candidate : candidates) {
    out.push_back(std::to_string(candidate.item.value) + " " + std::to_string(candidate.range->start_us / kSecond) +
                  "-" + std::to_string(candidate.range->end_us / kSecond));
  }
  return out;
}

size_t Fewest(std::span<const Candidate> candidates, bool join_clips, GroupBy group_by) {
  SearchRequest request;
  request.join_clips = join_clips;
  request.group_by = group_by;
  return FewestHits(candidates, request);
}

std::vector<std::string> Joined(const std::vector<Clip>& clips) {
  return Ranges(JoinNeighbours(MakeCandidates(clips)));
}

TEST(MomentsTest, NothingGivesNothing) {
  EXPECT_TRUE(JoinNeighbours({}).empty());
  EXPECT_TRUE(GroupByVideo({}, 5).empty());
  EXPECT_EQ(Fewest({}, true, GroupBy::kNone), 0U);
}

TEST(MomentsTest, NeighboursThatFitAlikeBecomeOneMoment) {
  EXPECT_THAT(Joined({{.start_s = 8, .end_s = 16, .probability = 0.9},
                      {.start_s = 16, .end_s = 24, .probability = 0.8},
                      {.start_s = 0, .end_s = 8, .probability = 0.6}}),
              ElementsAre("1 0-24"));
}

TEST(MomentsTest, AMomentKeepsUnitScoresAndFrameOfItsBestClip) {
  std::vector<Candidate> candidates =
      MakeCandidates({{.start_s = 8, .end_s = 16, .probability = 0.9}, {.start_s = 0, .end_s = 8, .probability = 0.7}});
  candidates[0].match_logit = 2.5F;
  const std::vector<Candidate> moments = JoinNeighbours(candidates);
  ASSERT_EQ(moments.size(), 1U);
  EXPECT_EQ(moments[0].unit, UnitId{1});
  EXPECT_EQ(moments[0].best_frame_us, 8 * kSecond + 1);
  EXPECT_EQ(moments[0].match_probability, 0.9);
  EXPECT_EQ(moments[0].match_logit, 2.5F);
  EXPECT_EQ(moments[0].clips, 2U);
}

TEST(MomentsTest, AGapOfMoreThanHalfASecondKeepsClipsApart) {
  const auto joined_with_gap = [](int64_t gap_us) {
    std::vector<Candidate> candidates = MakeCandidates({{.start_s = 0, .end_s = 8}, {.start_s = 8, .end_s = 16}});
    candidates[1].range->start_us += gap_us;
    return JoinNeighbours(candidates).size();
  };
  EXPECT_EQ(joined_with_gap(500'000), 1U);
  EXPECT_EQ(joined_with_gap(500'001), 2U);
}

TEST(MomentsTest, OverlappingWindowsAreNeighbours) {
  EXPECT_THAT(Joined({{.start_s = 0, .end_s = 8}, {.start_s = 4, .end_s = 12}, {.start_s = 8, .end_s = 16}}),
              ElementsAre("1 0-16"));
}

TEST(MomentsTest, AMuchWorseNeighbourStaysApart) {
  EXPECT_THAT(
      Joined({{.start_s = 0, .end_s = 8, .probability = 0.9}, {.start_s = 8, .end_s = 16, .probability = 0.44}}),
      ElementsAre("1 0-8", "1 8-16"));
}

TEST(MomentsTest, GrowthStopsAtAClipThatDoesNotFit) {
  // The clip at 16 fits, but only beyond one that does not.
  EXPECT_THAT(Joined({{.start_s = 0, .end_s = 8, .probability = 0.9},
                      {.start_s = 16, .end_s = 24, .probability = 0.8},
                      {.start_s = 8, .end_s = 16, .probability = 0.2}}),
              ElementsAre("1 0-8", "1 16-24", "1 8-16"));
}

TEST(MomentsTest, TheBestClipIsTheMeasureNotTheNeighbour) {
  // Each is at least half as good as the one before it, the last is not half as good as the first.
  EXPECT_THAT(Joined({{.start_s = 0, .end_s = 8, .probability = 0.9},
                      {.start_s = 8, .end_s = 16, .probability = 0.5},
                      {.start_s = 16, .end_s = 24, .probability = 0.3}}),
              ElementsAre("1 0-16", "1 16-24"));
}

TEST(MomentsTest, WhatIsHardlyAMatchDoesNotGrow) {
  EXPECT_THAT(
      Joined({{.start_s = 0, .end_s = 8, .probability = 0.09}, {.start_s = 8, .end_s = 16, .probability = 0.09}}),
      ElementsAre("1 0-8", "1 8-16"));
}

TEST(MomentsTest, WithoutProbabilityTheCoarseScoreDecides) {
  EXPECT_THAT(Joined({{.start_s = 0, .end_s = 8, .coarse_score = 0.40F},
                      {.start_s = 8, .end_s = 16, .coarse_score = 0.37F},
                      {.start_s = 16, .end_s = 24, .coarse_score = 0.35F}}),
              ElementsAre("1 0-16", "1 16-24"));
  EXPECT_THAT(
      Joined({{.start_s = 0, .end_s = 8, .coarse_score = -0.1F}, {.start_s = 8, .end_s = 16, .coarse_score = -0.1F}}),
      ElementsAre("1 0-8", "1 8-16"));
}

TEST(MomentsTest, RerankedAndOtherClipsStayApart) {
  EXPECT_THAT(Joined({{.start_s = 0, .end_s = 8, .probability = 0.9}, {.start_s = 8, .end_s = 16}}),
              ElementsAre("1 0-8", "1 8-16"));
}

TEST(MomentsTest, VideosDoNotMix) {
  EXPECT_THAT(Joined({{.video = 1, .start_s = 0, .end_s = 8}, {.video = 2, .start_s = 8, .end_s = 16}}),
              ElementsAre("1 0-8", "2 8-16"));
}

TEST(MomentsTest, PicturesAndCaptionsPassThrough) {
  std::vector<Candidate> candidates(3);
  candidates[1].type = UnitType::kText;
  EXPECT_EQ(JoinNeighbours(candidates).size(), 3U);
  const std::vector<Candidate> groups = GroupByVideo(candidates, 5);
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_TRUE(groups[0].moments.empty());
  EXPECT_EQ(Fewest(candidates, true, GroupBy::kVideo), 3U);
}

TEST(MomentsTest, AGroupListsTheBestMomentsOfItsVideo) {
  const std::vector<Candidate> groups = GroupByVideo(MakeCandidates({{.video = 2, .start_s = 0, .end_s = 8},
                                                                     {.video = 1, .start_s = 40, .end_s = 48},
                                                                     {.video = 2, .start_s = 80, .end_s = 88},
                                                                     {.video = 2, .start_s = 160, .end_s = 168}}),
                                                     2);
  EXPECT_THAT(Ranges(groups), ElementsAre("2 0-8", "1 40-48"));
  ASSERT_EQ(groups[0].moments.size(), 2U);
  EXPECT_EQ(groups[0].moments[0].unit, UnitId{1});
  EXPECT_EQ(groups[0].moments[1].unit, UnitId{3});
  EXPECT_EQ(groups[1].moments.size(), 1U);
}

TEST(MomentsTest, FewestHitsCountsRunsOrVideos) {
  const std::vector<Candidate> candidates = MakeCandidates({{.start_s = 8, .end_s = 16, .probability = 0.9},
                                                            {.start_s = 0, .end_s = 8, .probability = 0.01},
                                                            {.start_s = 80, .end_s = 88},
                                                            {.video = 2, .start_s = 0, .end_s = 8}});
  EXPECT_EQ(Fewest(candidates, true, GroupBy::kNone), 3U);
  EXPECT_EQ(Fewest(candidates, true, GroupBy::kVideo), 2U);
  EXPECT_EQ(Fewest(candidates, false, GroupBy::kNone), 4U);
}

}  // namespace
}  // namespace sightline::query
