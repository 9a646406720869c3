// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/text/caption_cleaner.h"

#include <chrono>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TestData;

void ExpectAsReference(const nlohmann::json& cases, int default_max_words) {
  for (const auto& entry : cases) {
    const auto raw = entry.at("raw").get<std::string>();
    const auto cleaned = CleanCaption(raw, entry.value("max_words", default_max_words));
    if (entry.at("clean").is_null()) {
      EXPECT_THAT(cleaned, IsError(ErrorCode::kInvalidArgument)) << raw;
    } else {
      ASSERT_THAT(cleaned, IsOk()) << raw;
      EXPECT_EQ(cleaned->text, entry.at("clean").get<std::string>()) << raw;
    }
  }
}

TEST(CaptionCleanerParityTest, EveryCaptionIsAsTheReferenceCleansIt) {
  const auto fixture = nlohmann::json::parse(ReadTestFile(TestData("text/pre_caption.json")));
  ASSERT_EQ(fixture.at("cases").size(), 219u);
  ASSERT_EQ(fixture.at("max_words"), 30);
  ExpectAsReference(fixture.at("cases"), 30);
}

TEST(CaptionCleanerParityTest, OtherWordLimitsAreAsTheReference) {
  const auto fixture = nlohmann::json::parse(ReadTestFile(TestData("text/pre_caption.json")));
  ASSERT_FALSE(fixture.at("other_limits").empty());
  ExpectAsReference(fixture.at("other_limits"), 0);
}

TEST(CaptionCleanerTest, SaysWhetherWordsWereDropped) {
  EXPECT_FALSE(CleanCaption("one two three", 3)->truncated);
  EXPECT_TRUE(CleanCaption("one two three four", 3)->truncated);
  EXPECT_EQ(CleanCaption("one two three four", 3)->text, "one two three");
}

TEST(CaptionCleanerTest, PersonMarkBecomesAWord) {
  EXPECT_EQ(CleanCaption("<PERSON>s and <person>, <person", 30)->text, "persons and person <person");
}

TEST(CaptionCleanerMalformedTest, PunctuationOnlyQueryHasNoWords) {
  for (const char* text : {"", "   ", "?!...", "---", " ,\n"}) {
    EXPECT_THAT(CleanCaption(text, 30), IsErrorWith(ErrorCode::kInvalidArgument, "no words")) << text;
  }
}

TEST(CaptionCleanerMalformedTest, InvalidUtf8IsRefused) {
  EXPECT_THAT(CleanCaption("a dog \xFF\xFE", 30), IsErrorWith(ErrorCode::kInvalidArgument, "UTF-8"));
  EXPECT_THAT(CleanCaption("a caf\xC3", 30), IsErrorWith(ErrorCode::kInvalidArgument, "UTF-8"));
}

TEST(CaptionCleanerMalformedTest, WordLimitBelowOneIsRefused) {
  EXPECT_THAT(CleanCaption("a dog", 0), IsErrorWith(ErrorCode::kInvalidArgument, "max_words"));
}

TEST(CaptionCleanerMalformedTest, NulBytesAreKeptAsText) {
  const std::string text("a\0b", 3);
  EXPECT_EQ(CleanCaption(text, 30)->text, text);
}

// So many that it would take hours if every word cost as much as the text is long; and so little time in proportion
// that no machine comes near the limit.
TEST(CaptionCleanerTest, HalfAMillionWordsTakeTimeInProportion) {
  std::string text;
  for (int i = 0; i < 500'000; ++i) text += "W\xC3\xB6rter, ";
  const auto start = std::chrono::steady_clock::now();
  const auto cleaned = CleanCaption(text, 30);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  ASSERT_THAT(cleaned, IsOk());
  EXPECT_TRUE(cleaned->truncated);
  EXPECT_EQ(cleaned->text.size(), 30 * 8 - 1u);
}

}  // namespace
}  // namespace sightline::encoder
