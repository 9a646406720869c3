// SPDX-License-Identifier: BSD-3-Clause
#include "app/text.h"

#include "app/html_parts.h"
#include "app/match_word.h"
#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

TEST(TextTest, OneLineHasNoControlCharacters) { EXPECT_EQ(OneLine("a\nb\r\x1B[31mc\x7F"), "a b  [31mc "); }

TEST(TextTest, HtmlIsEscaped) { EXPECT_EQ(HtmlEscape("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;"); }

TEST(TextTest, TomlStringsAreQuoted) { EXPECT_EQ(TomlString("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000A\""); }

TEST(TextTest, SizesAndTimesAreReadable) {
  EXPECT_EQ(HumanBytes(999), "999 bytes");
  EXPECT_EQ(HumanBytes(1500), "1.5 kB");
  EXPECT_EQ(HumanBytes(999'999'999), "1.0 GB");
  EXPECT_EQ(HumanSeconds(12.4), "12 s");
  EXPECT_EQ(HumanSeconds(130), "2 min 10 s");
  EXPECT_EQ(HumanSeconds(3900), "1 h 05 min");
  EXPECT_EQ(HumanSeconds(-1), "?");
}

TEST(TextTest, SharesAreInPercent) {
  EXPECT_EQ(PercentOrDash(0.1249), "12.5 %");
  EXPECT_EQ(PercentOrDash(std::nullopt), "-");
}

TEST(TextTest, MomentsAreOnTheClock) {
  EXPECT_EQ(ClockTime(0), "0:00");
  EXPECT_EQ(ClockTime(14'999'999), "0:14");
  EXPECT_EQ(ClockTime(14'999'999, true), "0:14.9");
  EXPECT_EQ(ClockTime(605'000'000), "10:05");
  EXPECT_EQ(ClockTime(3'725'000'000), "1:02:05");
  EXPECT_EQ(ClockTime(-1), "0:00");
}

TEST(MatchWordTest, HalfIsTheBorderOfWeak) {
  EXPECT_EQ(MatchWord(0), "weak");
  EXPECT_EQ(MatchWord(0.4999), "weak");
  EXPECT_EQ(MatchWord(0.5), "likely");
  EXPECT_EQ(MatchWord(0.8), "strong");
  EXPECT_EQ(MatchWord(1), "strong");
}

TEST(TextTest, AShellWordIsOneWord) {
  EXPECT_EQ(ShellWord("/data/val2014-x_1.json"), "/data/val2014-x_1.json");
  EXPECT_EQ(ShellWord("my data"), "'my data'");
  EXPECT_EQ(ShellWord("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(ShellWord(""), "''");
}

}  // namespace
}  // namespace sightline::app
