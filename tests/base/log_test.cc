// SPDX-License-Identifier: BSD-3-Clause
#include "base/log.h"

#include <vector>

#include "tests/support/test_support.h"

namespace sightline {
namespace {

const std::vector<LogField> kFields = {{"path", "/a b\"c\n"}, {"id", "r1"}, {"status", "200", true}, {"empty", ""}};

std::string Line(LogFormat format) { return FormatLogLine(format, "T", LogLevel::kInfo, "a request", kFields); }

TEST(LogTest, LinesForPeopleBeginWithTheMessage) {
  EXPECT_EQ(Line(LogFormat::kText), R"(T info: a request path="/a b\"c\u000a" id=r1 status=200 empty="")");
}

TEST(LogTest, LogfmtQuotesWhatHasSpaces) {
  EXPECT_EQ(Line(LogFormat::kLogfmt),
            R"(time=T level=info msg="a request" path="/a b\"c\u000a" id=r1 status=200 empty="")");
}

TEST(LogTest, JsonHasNumbersAsNumbers) {
  EXPECT_EQ(
      Line(LogFormat::kJson),
      R"({"time":"T","level":"info","msg":"a request","path":"/a b\"c\u000a","id":"r1","status":200,"empty":""})");
}

TEST(LogMalformedTest, BytesThatAreNotUtf8AreReplaced) {
  const std::vector<LogField> fields = {{"path", "\xFF"}};
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, "T", LogLevel::kError, "m", fields),
            "{\"time\":\"T\",\"level\":\"error\",\"msg\":\"m\",\"path\":\"\xEF\xBF\xBD\"}");
}

TEST(LogTest, NamesOfLevelsAndFormats) {
  EXPECT_EQ(ParseLogLevel("warning"), LogLevel::kWarning);
  EXPECT_EQ(ParseLogLevel("loud"), std::nullopt);
  EXPECT_EQ(ParseLogFormat("json"), LogFormat::kJson);
  EXPECT_EQ(ParseLogFormat("xml"), std::nullopt);
}

TEST(LogTest, TheLevelChoosesWhatIsWritten) {
  ::testing::internal::CaptureStderr();
  Log(LogLevel::kInfo, "quiet");
  Log(LogLevel::kWarning, "said");
  SetLogLevel(LogLevel::kInfo);
  SetLogFormat(LogFormat::kLogfmt);
  Log(LogLevel::kInfo, "now", kFields);
  SetLogLevel(LogLevel::kWarning);
  SetLogFormat(LogFormat::kText);
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, ::testing::Not(::testing::HasSubstr("quiet")));
  EXPECT_THAT(written, ::testing::HasSubstr("warning: said\n"));
  EXPECT_THAT(written, ::testing::HasSubstr("level=info msg=now path="));
}

}  // namespace
}  // namespace sightline
