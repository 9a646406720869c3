// SPDX-License-Identifier: BSD-3-Clause
#include "http/accept.h"

#include <array>

#include <gmock/gmock.h>

namespace sightline::http {
namespace {

constexpr std::string_view kJson = "application/json";

TEST(AcceptTest, RangesTakeWhatTheyName) {
  for (const std::string_view accept :
       {"application/json", "Application/JSON", "application/*", "*/*", "text/html, */*;q=0.1",
        "text/html,application/json;q=0.001", "application/json; charset=utf-8", "text/html , application/json"}) {
    EXPECT_GT(AcceptQuality(accept, kJson), 0) << accept;
  }
  for (const std::string_view accept :
       {"text/html", "text/*", "application/xml", "image/*, text/html;q=0.5", "application/json-seq"}) {
    EXPECT_EQ(AcceptQuality(accept, kJson), 0) << accept;
  }
}

TEST(AcceptTest, WeightsAreRead) {
  EXPECT_DOUBLE_EQ(AcceptQuality("application/json", kJson), 1);
  EXPECT_DOUBLE_EQ(AcceptQuality("application/json;q=0.25", kJson), 0.25);
  EXPECT_DOUBLE_EQ(AcceptQuality("application/json;v=1;Q=1.000", kJson), 1);
  EXPECT_DOUBLE_EQ(AcceptQuality("application/json;q=0", kJson), 0);
  EXPECT_DOUBLE_EQ(AcceptQuality("application/json;q=0.", kJson), 0);
}

// RFC 9110, 12.5.1: the most specific range decides, whatever the others say and wherever it stands.
TEST(AcceptTest, ClosestRangeDecides) {
  EXPECT_DOUBLE_EQ(AcceptQuality("*/*, application/json;q=0", kJson), 0);
  EXPECT_DOUBLE_EQ(AcceptQuality("application/json;q=0, application/*", kJson), 0);
  EXPECT_DOUBLE_EQ(AcceptQuality("application/*;q=0, */*", kJson), 0);
  EXPECT_DOUBLE_EQ(AcceptQuality("*/*;q=0, application/json;q=0.5", kJson), 0.5);
  EXPECT_DOUBLE_EQ(AcceptQuality("application/json;v=2;q=0, application/json;q=0.4", kJson), 0.4);
}

TEST(AcceptMalformedTest, WhatIsNoRangeIsAsIfItWereNotThere) {
  for (const std::string_view accept : {"", " ", ",,", "json", "/json", "application/", "*/json;q", ";q=1", "\"",
                                        "text/html;q=2", "text/html;q=", "text/html;q=0.1234", "text/html;q=-1",
                                        "text/html;q=1.001", "text/html;q=nan", "text/html;q=0.x"}) {
    const bool is_range = accept == "*/json;q";  // One, about nothing that there is.
    EXPECT_DOUBLE_EQ(AcceptQuality(accept, kJson), is_range ? 0 : 1) << accept;
  }
  EXPECT_DOUBLE_EQ(AcceptQuality("text/html, application/json;q=x", kJson), 0);
}

TEST(AcceptTest, AnyOfSeveralTypesWillDo) {
  constexpr std::array<std::string_view, 2> kTypes = {"application/json", "application/problem+json"};
  const auto check = [&](const Headers& headers) { return CheckAcceptable(headers, kTypes); };
  EXPECT_FALSE(check({}));
  EXPECT_FALSE(check({{"Accept", ""}}));
  EXPECT_FALSE(check({{"accept", "application/problem+json"}}));
  EXPECT_FALSE(check({{"Accept", "text/html"}, {"Accept", "application/json"}})) << "two fields are one list";
  EXPECT_FALSE(check({{"Accept", "application/json;q=0, */*"}})) << "a problem would still be taken";
  const auto refused = check({{"Accept", "text/html"}});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 406);
  EXPECT_EQ(refused->code, "not_acceptable");
  EXPECT_THAT(refused->error.message, ::testing::HasSubstr("application/json or application/problem+json"));
  EXPECT_FALSE(CheckAcceptable({{"Accept", "text/html"}}, {})) << "an answer without a type";
}

}  // namespace
}  // namespace sightline::http
