// SPDX-License-Identifier: BSD-3-Clause
#include "app/search_output.h"

#include <limits>

#include <boost/json.hpp>

#include "app/item_kind.h"
#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

query::Moment MakeMoment(int64_t start_ms, int64_t end_ms, int64_t best_ms, double probability) {
  query::Moment moment;
  moment.unit = UnitId{static_cast<uint64_t>(start_ms) + 1};
  moment.range = TimeRange{start_ms * 1000, end_ms * 1000};
  moment.best_frame_us = best_ms * 1000;
  moment.clips = 1;
  moment.coarse_score = 0.25F;
  moment.match_probability = probability;
  return moment;
}

query::Hit MakeHit(const query::Moment& moment, UnitType type, const std::string& path) {
  query::Hit hit;
  static_cast<query::Moment&>(hit) = moment;
  hit.item = ItemId{7};
  hit.type = type;
  hit.path = path;
  return hit;
}

query::SearchAnswer AnswerOf(std::vector<query::Hit> hits) {
  query::SearchAnswer answer;
  answer.reranked = hits.size();
  answer.hits = std::move(hits);
  return answer;
}

const SearchSubject kSubject = {
    .collection = "holidays", .words = "a dog", .picture = "", .min_match = {}, .types = {}};

TEST(SearchOutputTest, ClipsHaveTheirTimesInTheTable) {
  const query::Hit clip = MakeHit(MakeMoment(12'000, 20'400, 14'900, 0.9), UnitType::kClip, "/v/a.mp4");
  EXPECT_EQ(TimeCell(clip), "0:12-0:20, best 0:14");
  const std::string table = AnswerTable(kSubject, AnswerOf({clip}));
  EXPECT_THAT(table, HasSubstr("similarity  time                  item  path\n"));
  EXPECT_THAT(table, HasSubstr("0.250  0:12-0:20, best 0:14     7  /v/a.mp4\n"));
}

TEST(SearchOutputTest, WithoutClipsThereIsNoTimeColumn) {
  const std::string table = AnswerTable(kSubject, AnswerOf({MakeHit({}, UnitType::kImage, "/p/a.jpg")}));
  EXPECT_THAT(table, Not(HasSubstr("time")));
  EXPECT_THAT(table, HasSubstr("/p/a.jpg"));
}

TEST(SearchOutputTest, GroupsListTheirFurtherMomentsBelow) {
  query::Hit video = MakeHit(MakeMoment(12'000, 20'000, 14'000, 0.9), UnitType::kClip, "/v/a.mp4");
  video.moments = {video, MakeMoment(3'600'000, 3'608'000, 3'601'000, 0.4)};
  const std::string table = AnswerTable(kSubject, AnswerOf({video}));
  EXPECT_THAT(table, HasSubstr("~ 0.40 weak"));
  EXPECT_THAT(table, HasSubstr("1:00:00-1:00:08, best 1:00:01\n"));
  const auto json = boost::json::parse(AnswerJson(kSubject, AnswerOf({video})));
  const auto& moments = json.at("hits").at(0).at("moments").as_array();
  ASSERT_EQ(moments.size(), 2U);
  EXPECT_EQ(moments[1].at("start_ms"), 3'600'000);
  EXPECT_EQ(moments[1].at("end_ms"), 3'608'000);
  EXPECT_EQ(moments[1].at("best_frame_ms"), 3'601'000);
}

TEST(SearchOutputTest, JsonHasMillisecondsForClipsAndNullForOthers) {
  const query::Hit clip = MakeHit(MakeMoment(12'000, 20'400, 14'900, 0.9), UnitType::kClip, "/v/a.mp4");
  const auto json =
      boost::json::parse(AnswerJson(kSubject, AnswerOf({clip, MakeHit({}, UnitType::kText, "/c.jsonl#3")})));
  const auto& hit = json.at("hits").at(0);
  EXPECT_EQ(hit.at("type"), "clip");
  EXPECT_EQ(hit.at("start_ms"), 12'000);
  EXPECT_EQ(hit.at("end_ms"), 20'400);
  EXPECT_EQ(hit.at("best_frame_ms"), 14'900);
  EXPECT_EQ(hit.at("clips"), 1);
  EXPECT_FALSE(hit.as_object().contains("moments"));
  const auto& caption = json.at("hits").at(1);
  EXPECT_EQ(caption.at("type"), "text");
  EXPECT_TRUE(caption.at("start_ms").is_null() && caption.at("best_frame_ms").is_null());
}

TEST(SearchOutputTest, CaptionsShowTheirWords) {
  query::Hit caption = MakeHit({}, UnitType::kText, "/c.jsonl#3");
  caption.metadata = {{"text", {"a dog\non grass"}}};
  EXPECT_THAT(AnswerTable(kSubject, AnswerOf({caption})), HasSubstr("\"a dog on grass\"  /c.jsonl#3\n"));
}

TEST(SearchOutputTest, NothingToSeePointsAtTheCaptions) {
  SearchSubject subject = kSubject;
  subject.units = 3;
  EXPECT_THAT(NoMatchSentence(subject, {}), HasSubstr("--type text"));
  subject.types = {UnitType::kImage};
  EXPECT_THAT(NoMatchSentence(subject, {}), HasSubstr("nothing passes the filter"));
}

storage::ItemRecord MakeItem(int width, size_t units, Metadata metadata) {
  storage::ItemRecord item;
  item.width = width;
  item.height = width / 2;
  item.units.resize(units);
  item.metadata = std::move(metadata);
  return item;
}

TEST(ItemKindTest, ItemsAreDescribedAsWhatTheyAre) {
  EXPECT_EQ(DescribeItem(MakeItem(640, 1, {{"text", {"a note about a picture"}}})), "640x320");
  EXPECT_EQ(DescribeItem(MakeItem(0, 1, {{"text", {"a dog"}}})), "caption");
  const Metadata whole = {{"duration", {50.4}}, {"sightline.clips_planned", {int64_t{1}}}};
  EXPECT_EQ(DescribeItem(MakeItem(1280, 1, whole)), "1280x640, 0:50, 1 clip");
  const Metadata part = {{"duration", {7200.0}}, {"sightline.clips_planned", {int64_t{900}}}};
  EXPECT_EQ(DescribeItem(MakeItem(1280, 20, part)), "1280x640, 2:00:00, 20 clips of 900");
}

TEST(ItemKindMalformedTest, ADurationThatIsNoneIsNotKnown) {
  EXPECT_FALSE(DurationUs({}));
  EXPECT_FALSE(DurationUs({{"duration", {}}}));
  EXPECT_FALSE(DurationUs({{"duration", {"long"}}}));
  EXPECT_FALSE(DurationUs({{"duration", {-1.0}}}));
  EXPECT_FALSE(DurationUs({{"duration", {std::numeric_limits<double>::quiet_NaN()}}}));
}

}  // namespace
}  // namespace sightline::app
