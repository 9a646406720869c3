// SPDX-License-Identifier: BSD-3-Clause
#include "http/field_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sightline::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(FieldListTest, ElementsAreSplitOutsideOfQuotes) {
  EXPECT_THAT(FieldElements(" a, b;q=0 ,,\"c,d\""), ElementsAre("a", "b;q=0", "\"c,d\""));
  EXPECT_THAT(FieldElements(R"("a\",b", c)"), ElementsAre(R"("a\",b")", "c"));
  EXPECT_THAT(FieldElements(""), IsEmpty());
}

TEST(FieldListTest, ParametersAreFoundWithoutCase) {
  constexpr std::string_view kField = "text/html; Charset=\"utf-8\"; q = 0.5; flag";
  EXPECT_EQ(FieldValue(kField), "text/html");
  EXPECT_EQ(FieldParameter(kField, "charset"), "utf-8");
  EXPECT_EQ(FieldParameter(kField, "q"), "0.5");
  EXPECT_EQ(FieldParameter(kField, "flag"), std::nullopt);
  EXPECT_EQ(FieldParameter("form-data; name=\"a;b\"", "name"), "a;b");
}

TEST(FieldListMalformedTest, AnOpenQuoteReachesToTheEnd) {
  EXPECT_THAT(FieldElements("a, \"b, c"), ElementsAre("a", "\"b, c"));
  EXPECT_THAT(FieldElements("\"a\\"), ElementsAre("\"a\\"));
}

}  // namespace
}  // namespace sightline::http
