// SPDX-License-Identifier: BSD-3-Clause
#include "app/html_page.h"

#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const SearchSubject kSubject = {
    .collection = "holidays", .words = "a dog", .picture = "", .min_match = {}, .types = {}};

query::Hit MakeClip(const std::string& path) {
  query::Hit hit;
  hit.item = ItemId{7};
  hit.type = UnitType::kClip;
  hit.path = path;
  hit.range = TimeRange{12'500'000, 20'000'000};
  hit.best_frame_us = 14'200'000;
  hit.clips = 1;
  hit.match_probability = 0.9;
  return hit;
}

std::string PageOf(const query::Hit& hit, const query::Still& still) {
  query::SearchAnswer answer;
  answer.hits = {hit};
  return HtmlPage(kSubject, answer, std::span(&still, 1), {});
}

TEST(HtmlPageTest, AClipIsAStillWithItsTimesThatLinksToItsStart) {
  const std::string page = PageOf(MakeClip("/v/my clip.mp4"), {std::byte{0xFF}, std::byte{0xD8}, std::byte{0xFF}});
  EXPECT_THAT(page, HasSubstr("href=\"file:///v/my%20clip.mp4#t=12.500\""));
  EXPECT_THAT(page, HasSubstr("<span class=\"time\">0:12-0:20</span>"));
  EXPECT_THAT(page, HasSubstr("best 0:14.2"));
  EXPECT_THAT(page, HasSubstr("data:image/jpeg;base64,/9j/"));
}

TEST(HtmlPageTest, WithoutAStillThereIsAPlaceholder) {
  const std::string page = PageOf(MakeClip("/v/gone.mp4"), {});
  EXPECT_THAT(page, HasSubstr("no still"));
  EXPECT_THAT(page, Not(HasSubstr("data:image")));
}

TEST(HtmlPageTest, AGroupListsItsMomentsWithLinks) {
  query::Hit video = MakeClip("/v/a.mp4");
  video.moments = {video, video};
  video.moments[1].range = TimeRange{60'000'000, 68'000'000};
  video.moments[1].match_probability = 0.4;
  const std::string page = PageOf(video, {});
  EXPECT_THAT(page, HasSubstr("<a href=\"file:///v/a.mp4#t=60.000\">1:00-1:08</a>"));
  EXPECT_THAT(page, HasSubstr("weak 40 %"));
}

TEST(HtmlPageTest, ACaptionIsItsWordsAndLinksToItsFile) {
  query::Hit caption;
  caption.type = UnitType::kText;
  caption.path = "/c/captions.jsonl#12";
  caption.metadata = {{"text", {"a <dog> & more"}}};
  const std::string page = PageOf(caption, {});
  EXPECT_THAT(page, HasSubstr("<span class=\"words\">a &lt;dog&gt; &amp; more</span>"));
  EXPECT_THAT(page, HasSubstr("href=\"file:///c/captions.jsonl\""));
  EXPECT_THAT(page, HasSubstr("<b>captions.jsonl#12</b>/c<"));
}

TEST(HtmlPageTest, AMemberLinksToItsArchive) {
  query::Hit member;
  member.path = "/s/shard.tar#000.jpg";
  EXPECT_THAT(PageOf(member, {}), HasSubstr("href=\"file:///s/shard.tar\""));
  member.path = "/p/a #1.jpg";
  EXPECT_THAT(PageOf(member, {}), HasSubstr("href=\"file:///p/a%20%231.jpg\""));
}

}  // namespace
}  // namespace sightline::app
