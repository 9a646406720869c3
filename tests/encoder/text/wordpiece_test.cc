// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/text/wordpiece.h"

#include <chrono>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TestData;
using ::testing::ElementsAre;

std::unique_ptr<Tokenizer> PublicVocabulary() {
  auto tokenizer = MakeWordPieceTokenizer(ReadTestFile(TestData("text/vocab.txt")), 30522);
  EXPECT_THAT(tokenizer, IsOk());
  return *std::move(tokenizer);
}

std::vector<int64_t> Ids(const Tokenizer& tokenizer, std::string_view text, int max_tokens = 40) {
  const auto tokens = tokenizer.Tokenize(text, max_tokens);
  EXPECT_THAT(tokens, IsOk()) << text;
  return tokens ? tokens->ids : std::vector<int64_t>();
}

TEST(WordPieceParityTest, EveryStringHasTheReferencesIds) {
  const auto tokenizer = PublicVocabulary();
  const auto fixture = nlohmann::json::parse(ReadTestFile(TestData("text/wordpiece.json")));
  ASSERT_EQ(fixture.at("cases").size(), 519u);
  EXPECT_EQ(tokenizer->pad_id(), fixture.at("pad_id"));
  size_t compared = 0;
  for (const auto& entry : fixture.at("cases")) {
    // There the reference makes special tokens of "[SEP]" and the like in the text. We take what a user types as plain
    // words; see SpecialTokensInTheTextArePlainWords.
    if (entry.at("group") == "special token literal") continue;
    const auto text = entry.at("text").get<std::string>();
    EXPECT_EQ(Ids(*tokenizer, text, fixture.at("max_tokens")), entry.at("ids").get<std::vector<int64_t>>()) << text;
    ++compared;
  }
  EXPECT_GT(compared, 480u);
}

TEST(WordPieceParityTest, OtherLimitsAreAsTheReference) {
  const auto tokenizer = PublicVocabulary();
  const auto fixture = nlohmann::json::parse(ReadTestFile(TestData("text/wordpiece_limits.json")));
  ASSERT_FALSE(fixture.at("limits").empty());
  for (const auto& entry : fixture.at("limits")) {
    const auto text = entry.at("text").get<std::string>();
    EXPECT_EQ(Ids(*tokenizer, text, entry.at("max_tokens")), entry.at("ids").get<std::vector<int64_t>>()) << text;
  }
}

constexpr std::string_view kSmallVocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n[\n]\nsep\ndog\n##s\ndo\n##g\n";

std::unique_ptr<Tokenizer> Small() { return *MakeWordPieceTokenizer(kSmallVocabulary, 12); }

TEST(WordPieceTest, LongestPieceWins) { EXPECT_THAT(Ids(*Small(), "dogs dos"), ElementsAre(2, 8, 9, 10, 9, 3)); }

TEST(WordPieceTest, SpecialTokensInTheTextArePlainWords) {
  EXPECT_THAT(Ids(*Small(), "[SEP]"), ElementsAre(2, 5, 7, 6, 3));
}

TEST(WordPieceTest, SaysWhetherPiecesWereDropped) {
  const auto tokenizer = Small();
  EXPECT_FALSE(tokenizer->Tokenize("dog dog", 4)->truncated);
  EXPECT_TRUE(tokenizer->Tokenize("dog dogs", 4)->truncated);
  EXPECT_THAT(tokenizer->Tokenize("dog dogs", 4)->ids, ElementsAre(2, 8, 8, 3));
}

TEST(WordPieceTest, TextWithoutVisibleCharactersHasNoPieces) {
  EXPECT_THAT(Ids(*Small(), "\t"), ElementsAre(2, 3));
  EXPECT_THAT(Ids(*Small(), ""), ElementsAre(2, 3));
}

TEST(WordPieceTest, VocabularyMayHaveWindowsLineEndsAndNoLastNewline) {
  EXPECT_THAT(MakeWordPieceTokenizer("[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]", 4), IsOk());
}

// As in caption_cleaner_test.cc: any other cost than in proportion would take hours.
TEST(WordPieceTest, VeryLongTextsTakeTimeInProportion) {
  const auto tokenizer = PublicVocabulary();
  std::string words;
  for (int i = 0; i < 10'000; ++i) words += "unbelievably ";
  const std::vector<std::string> texts = {words, std::string(1'000'000, 'a'), std::string(1'000'000, '.')};
  for (const auto& text : texts) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_LE(Ids(*tokenizer, text).size(), 40u);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
  }
}

TEST(WordPieceMalformedTest, BrokenVocabulariesAreRefused) {
  using enum ErrorCode;
  EXPECT_THAT(MakeWordPieceTokenizer("", 0), IsErrorWith(kInvalidArgument, "[PAD]"));
  EXPECT_THAT(MakeWordPieceTokenizer("[PAD]\n[UNK]\n[CLS]\n", 3), IsErrorWith(kInvalidArgument, "no [SEP]"));
  EXPECT_THAT(MakeWordPieceTokenizer(kSmallVocabulary, 13), IsErrorWith(kInvalidArgument, "12 pieces"));
  EXPECT_THAT(MakeWordPieceTokenizer("a\nb\na\n", 3), IsErrorWith(kInvalidArgument, "line 3 repeats the piece \"a\""));
  EXPECT_THAT(MakeWordPieceTokenizer("a\n\nb\n", 3), IsErrorWith(kInvalidArgument, "line 2 is empty"));
  EXPECT_THAT(MakeWordPieceTokenizer("a\n\xFF\n", 2), IsErrorWith(kInvalidArgument, "UTF-8"));
}

TEST(WordPieceMalformedTest, InvalidUtf8IsRefused) {
  EXPECT_THAT(Small()->Tokenize("dog \xC3", 40), IsErrorWith(ErrorCode::kInvalidArgument, "UTF-8"));
}

TEST(WordPieceMalformedTest, LimitWithoutRoomForTheEndsIsRefused) {
  EXPECT_THAT(Small()->Tokenize("dog", 1), IsError(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace sightline::encoder
