// SPDX-License-Identifier: BSD-3-Clause
#include "query/searcher.h"
#include "tests/query/query_fixture.h"

namespace sightline::query {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsOk;

// A photo of everything, and two videos: long.mp4 turns from blue to red at 0:16, and shows green for a moment.
class ClipSearchTest : public QueryFixture {
 protected:
  ClipSearchTest() {
    photo_ = Add(MakePicture(kPurple), "/p/purple.png");
    const ImageRgb8 blue = MakePicture(kBlue);
    const ImageRgb8 red = MakePicture(kRed);
    long_ = AddVideo("/v/long.mp4", {{.start_ms = 0, .end_ms = 8000, .frames = {blue, blue}},
                                     {.start_ms = 8000, .end_ms = 16000, .frames = {blue, blue}},
                                     {.start_ms = 16000, .end_ms = 24000, .frames = {red, red}},
                                     {.start_ms = 24000, .end_ms = 32000, .frames = {red, MakePicture(kGreen)}}});
    short_ = AddVideo("/v/short.mp4", {{.start_ms = 0, .end_ms = 5000, .frames = {MakePicture(kPurple)}}});
  }

  static SearchRequest Clips(const std::string& words) {
    SearchRequest request = Words(words);
    request.filter.types = {UnitType::kClip};
    return request;
  }

  ItemId photo_;
  ItemId long_;
  ItemId short_;
};

TEST_F(ClipSearchTest, TypesLimitTheAnswer) {
  const auto clips = Search(Clips("red"));
  ASSERT_THAT(clips, IsOk());
  for (const Hit& hit : clips->hits) EXPECT_EQ(hit.type, UnitType::kClip);
  SearchRequest images = Words("red");
  images.filter.types = {UnitType::kImage};
  const auto answer = Search(images);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/p/purple.png"));
}

TEST_F(ClipSearchTest, ASelectiveTypeStillFillsTheAnswer) {
  for (int i = 0; i < 300; ++i) Add(MakePicture(kRed), "/p/red-" + std::to_string(i) + ".png");
  SearchRequest request = Clips("red");
  request.join_clips = false;
  request.top_k = 5;
  for (const size_t depth : {size_t{0}, size_t{2}, size_t{64}}) {
    request.rerank_depth = depth;
    const auto answer = Search(request);
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->hits.size(), 5U) << depth;
  }
}

TEST_F(ClipSearchTest, AHitHasItsWindowAndTheNearestFrame) {
  SearchRequest request = Clips("green");
  request.rerank_depth = 0;
  request.top_k = 1;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  const Hit& hit = answer->hits.at(0);
  EXPECT_EQ(hit.item, long_);
  EXPECT_EQ(hit.range, (TimeRange{24'000'000, 32'000'000}));
  EXPECT_EQ(hit.best_frame_us, 28'000'000);
  EXPECT_EQ(hit.clips, 1U);
}

TEST_F(ClipSearchTest, TheNearestFrameIsKnownEvenIfTheClipAsAWholeIsNearer) {
  AddVideo("/v/mixed.mp4",
           {{.start_ms = 0, .end_ms = 6000, .frames = {MakePicture(kGreen), MakePicture(kBlue), MakePicture(kRed)}}});
  SearchRequest request = Clips("red blue");  // Half way between two frames.
  request.rerank_depth = 0;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  for (const Hit& hit : answer->hits) EXPECT_TRUE(hit.best_frame_us) << hit.path;
  SearchRequest white = Clips("white");
  white.rerank_depth = 0;
  white.top_k = 1;
  const auto best = Search(white);
  ASSERT_THAT(best, IsOk());
  EXPECT_EQ(best->hits.at(0).path, "/v/mixed.mp4");
  EXPECT_TRUE(best->hits.at(0).best_frame_us);
}

TEST_F(ClipSearchTest, WithoutFrameVectorsThereIsNoBestFrame) {
  AddVideo("/v/bare.mp4",
           {{.start_ms = 0, .end_ms = 8000, .frames = {MakePicture(kGreen)}, .with_frame_vectors = false}});
  SearchRequest request = Clips("green");
  request.rerank_depth = 0;
  request.top_k = 2;  // The other is long.mp4, which shows green as well.
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/v/long.mp4", "/v/bare.mp4"));
  EXPECT_TRUE(answer->hits[0].best_frame_us);
  EXPECT_FALSE(answer->hits[1].best_frame_us);
  EXPECT_EQ(answer->hits[1].range, (TimeRange{0, 8'000'000}));
}

TEST_F(ClipSearchTest, NeighboursAreOneHitUnlessAskedOtherwise) {
  SearchRequest request = Clips("blue");
  const auto joined = Search(request);
  ASSERT_THAT(joined, IsOk());
  EXPECT_EQ(joined->hits.at(0).range, (TimeRange{0, 16'000'000}));
  EXPECT_EQ(joined->hits.at(0).clips, 2U);
  EXPECT_EQ(joined->reranked, 5U);
  request.join_clips = false;
  const auto apart = Search(request);
  ASSERT_THAT(apart, IsOk());
  EXPECT_EQ(apart->hits.size(), 5U);
  EXPECT_EQ(apart->hits.at(0).range, (TimeRange{0, 8'000'000}));
}

TEST_F(ClipSearchTest, JoiningDoesNotLeaveTheAnswerShort) {
  std::vector<ClipSpec> clips;
  for (int64_t i = 0; i < 200; ++i) {
    clips.push_back({.start_ms = i * 8000, .end_ms = i * 8000 + 8000, .frames = {MakePicture(kGreen)}});
  }
  AddVideo("/v/meadow.mp4", clips);
  SearchRequest request = Clips("green");
  request.rerank_depth = 0;
  request.top_k = 3;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->hits.size(), 3U);
  EXPECT_EQ(answer->hits[1].path, "/v/meadow.mp4");
  EXPECT_EQ(answer->hits[1].range, (TimeRange{0, 1'600'000'000}));
  request.group_by = GroupBy::kVideo;
  const auto groups = Search(request);
  ASSERT_THAT(groups, IsOk());
  EXPECT_EQ(groups->hits.size(), 3U);
}

TEST_F(ClipSearchTest, GroupsListTheirMoments) {
  SearchRequest request = Words("red");
  request.group_by = GroupBy::kVideo;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->hits.size(), 3U);
  EXPECT_EQ(answer->hits[0].item, long_);
  ASSERT_FALSE(answer->hits[0].moments.empty());
  EXPECT_EQ(answer->hits[0].moments[0].unit, answer->hits[0].unit);
  double last = 1;
  for (const Moment& moment : answer->hits[0].moments) {
    EXPECT_LE(*moment.match_probability, last);
    last = *moment.match_probability;
  }
  for (const Hit& hit : answer->hits) EXPECT_EQ(hit.moments.empty(), hit.item == photo_);
}

TEST_F(ClipSearchTest, AGroupSizeOutOfRangeIsRefused) {
  SearchRequest request = Words("red");
  for (const size_t bad : {size_t{0}, size_t{101}}) {
    request.group_size = bad;
    EXPECT_THAT(Search(request), IsError(ErrorCode::kInvalidArgument));
  }
}

TEST_F(ClipSearchTest, MinMatchCountsClipsBeforeTheyAreJoined) {
  SearchRequest request = Clips("blue");
  request.min_match = 0.9;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_THAT(PathsOf(*answer), ElementsAre("/v/long.mp4"));
  EXPECT_EQ(answer->below_min_match, 3U);
}

TEST_F(ClipSearchTest, AVideoFindsOthersButNoneOfItsOwnClips) {
  SearchRequest request;
  request.query.item = long_;
  const auto answer = Search(request);
  ASSERT_THAT(answer, IsOk());
  for (const Hit& hit : answer->hits) EXPECT_NE(hit.item, long_);
  EXPECT_EQ(answer->hits.size(), 2U);
}

}  // namespace
}  // namespace sightline::query
