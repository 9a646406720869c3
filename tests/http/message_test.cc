// SPDX-License-Identifier: BSD-3-Clause
#include "http/message.h"

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(MethodTest, NamesAreThoseOfRequestLines) {
  EXPECT_EQ(ParseMethod("PATCH"), Method::kPatch);
  EXPECT_EQ(NameOf(Method::kOptions), "OPTIONS");
  EXPECT_EQ(ParseMethod("get"), std::nullopt);
  EXPECT_EQ(ParseMethod("TRACE"), std::nullopt);
}

TEST(HeadersTest, NamesAreComparedWithoutCase) {
  Headers headers = {{"Content-Type", "text/plain"}};
  EXPECT_EQ(headers.Find("content-TYPE"), "text/plain");
  EXPECT_EQ(headers.Find("Content"), std::nullopt);
  headers.Add("Accept", "a");
  headers.Add("accept", "b");
  EXPECT_EQ(headers.Find("Accept"), "a");
  headers.Set("ACCEPT", "c");
  EXPECT_EQ(headers.Find("accept"), "c");
  EXPECT_EQ(headers.size(), 2);
}

TEST(PrincipalTest, CollectionsAndScopesLimit) {
  const Principal local;
  EXPECT_TRUE(local.MayRead("a") && local.MayWrite("a") && local.MayAdminister());
  const Principal one = {.name = "k", .admin = true, .collections = {"a"}};
  EXPECT_TRUE(one.MayRead("a") && one.MayWrite("a"));
  EXPECT_FALSE(one.MayRead("b") || one.MayWrite("b") || one.MayAdminister());
  const Principal reader = {.name = "k", .admin = false};
  EXPECT_TRUE(reader.MayRead("a"));
  EXPECT_FALSE(reader.MayWrite("a") || reader.MayAdminister());
}

TEST(PercentDecodeTest, DecodesEscapes) {
  EXPECT_EQ(PercentDecode("a%20b%2Fc+d", false), "a b/c+d");
  EXPECT_EQ(PercentDecode("a+b%2B", true), "a b+");
  EXPECT_EQ(PercentDecode("%c3%A9", false), "\xC3\xA9");
}

TEST(PercentDecodeMalformedTest, BrokenEscapesAndNulAreRefused) {
  for (const char* text : {"%", "a%2", "%zz", "%-1", "%00"})
    EXPECT_EQ(PercentDecode(text, false), std::nullopt) << text;
}

TEST(ParseQueryTest, SplitsAndDecodes) {
  EXPECT_EQ(ParseQuery(""), Pairs());
  EXPECT_EQ(ParseQuery("t=1.5&name=a%26b+c&flag&empty=&&x=y=z"),
            (Pairs{{"t", "1.5"}, {"name", "a&b c"}, {"flag", ""}, {"empty", ""}, {"x", "y=z"}}));
  EXPECT_EQ(ParseQuery("a=%2"), std::nullopt);
}

TEST(RequestTest, ParametersAreFoundByName) {
  Request request;
  request.parameters["c"] = "photos";
  request.query = {{"t", "1"}, {"t", "2"}};
  EXPECT_EQ(request.Parameter("c"), "photos");
  EXPECT_EQ(request.Parameter("id"), "");
  EXPECT_EQ(request.Query("t"), "1");
  EXPECT_EQ(request.Query("u"), std::nullopt);
}

TEST(ContentReaderTest, ReadsARangeOfAFile) {
  const testing::TempDir folder;
  testing::WriteTestFile(folder / "a.bin", "0123456789");
  const auto content = OpenContent(media::Source::FromFileRange(folder / "a.bin", 2, 5, "a.bin#member"));
  ASSERT_THAT(content, testing::IsOk());
  EXPECT_EQ((*content)->size(), 5);
  std::string bytes(3, '-');
  ASSERT_THAT((*content)->ReadAt(1, std::as_writable_bytes(std::span(bytes))), testing::IsOk());
  EXPECT_EQ(bytes, "345");
  EXPECT_THAT(OpenContent(media::Source::FromFile(folder / "none")), testing::IsError(ErrorCode::kNotFound));
}

TEST(ContentReaderTest, AFileThatShrinksIsAnError) {
  const testing::TempDir folder;
  testing::WriteTestFile(folder / "a.bin", "0123456789");
  const auto content = OpenContent(media::Source::FromFile(folder / "a.bin"));
  ASSERT_THAT(content, testing::IsOk());
  std::filesystem::resize_file(folder / "a.bin", 4);
  std::string bytes(10, '-');
  EXPECT_THAT((*content)->ReadAt(0, std::as_writable_bytes(std::span(bytes))),
              testing::IsErrorWith(ErrorCode::kCorruption, "shorter"));
}

}  // namespace
}  // namespace sightline::http
