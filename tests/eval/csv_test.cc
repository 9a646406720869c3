// SPDX-License-Identifier: BSD-3-Clause
#include "eval/csv.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using testing::IsErrorWith;
using testing::IsOk;
using Fields = std::vector<std::string>;

std::vector<CsvRow> Rows(std::string_view text) {
  auto rows = ParseCsv(text);
  EXPECT_THAT(rows, IsOk());
  return rows ? *std::move(rows) : std::vector<CsvRow>();
}

TEST(CsvTest, SplitsLinesAndFields) {
  const auto rows = Rows("a,b\r\n1,\n,2");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].fields, (Fields{"a", "b"}));
  EXPECT_EQ(rows[1].fields, (Fields{"1", ""}));
  EXPECT_EQ(rows[2].fields, (Fields{"", "2"}));
  EXPECT_EQ(rows[2].line, 3U);
  EXPECT_TRUE(Rows("").empty());
}

TEST(CsvTest, QuotedFieldsHoldCommasQuotesAndLineEnds) {
  const auto rows = Rows("\"a, \"\"b\"\"\",\"two\nlines\"\nx,\"\"\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].fields, (Fields{"a, \"b\"", "two\nlines"}));
  EXPECT_EQ(rows[1].fields, (Fields{"x", ""}));
  EXPECT_EQ(rows[1].line, 3U);
}

TEST(CsvTest, AQuoteInsideAPlainFieldIsACharacter) {
  EXPECT_EQ(Rows("a \"b\" c,d")[0].fields, (Fields{"a \"b\" c", "d"}));
}

TEST(CsvTest, TheByteOrderMarkAndEmptyLinesAreSkipped) {
  const auto rows = Rows(
      "\xEF\xBB\xBF"
      "a,b\n\n\r\n1,2\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].fields[0], "a");
  EXPECT_EQ(rows[1].line, 4U);
}

TEST(CsvTest, ALoneCarriageReturnInsideALineStays) { EXPECT_EQ(Rows("a\rb,c\n")[0].fields, (Fields{"a\rb", "c"})); }

TEST(CsvMalformedTest, BrokenQuotesNameTheLine) {
  EXPECT_THAT(ParseCsv("a,b\n1,\"open\n\nto the end"), IsErrorWith(ErrorCode::kCorruption, "line 2: a quote"));
  EXPECT_THAT(ParseCsv("a\n\"1\"2\n"), IsErrorWith(ErrorCode::kCorruption, "line 2: text behind"));
  EXPECT_THAT(ParseCsv("\""), IsErrorWith(ErrorCode::kCorruption, "line 1"));
}

TEST(CsvTest, PiecesOfAnySizeGiveTheSame) {
  const std::string text =
      "\xEF\xBB\xBF"
      "a|\"b|\"\"\r\nc\"\"\"|d\r\n\r\n\"x\"\r\ny|\"\"";
  for (size_t chunk = 1; chunk < 30; ++chunk) {
    std::vector<Fields> rows;
    std::vector<size_t> lines;
    ASSERT_THAT(StreamCsv(ByteChunks::OfText(text, chunk), '|',
                          [&](CsvRow row) -> Status {
                            rows.push_back(row.fields);
                            lines.push_back(row.line);
                            return {};
                          }),
                IsOk());
    EXPECT_EQ(rows, (std::vector<Fields>{{"a", "b|\"\r\nc\"", "d"}, {"x"}, {"y", ""}})) << chunk;
    EXPECT_EQ(lines, (std::vector<size_t>{1, 4, 5})) << chunk;
  }
}

TEST(CsvMalformedTest, ARowHasALimit) {
  EXPECT_THAT(ParseCsv("a,b\n\"" + std::string(17 << 20, 'x')), IsErrorWith(ErrorCode::kResourceExhausted, "line 2"));
}

}  // namespace
}  // namespace sightline::eval
