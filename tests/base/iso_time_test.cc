// SPDX-License-Identifier: BSD-3-Clause
#include "base/iso_time.h"

#include "tests/support/test_support.h"

namespace sightline {
namespace {

int64_t SecondsOf(std::string_view text) {
  const auto time = ParseIsoTime(text);
  EXPECT_TRUE(time.has_value()) << text;
  return time.value_or(Timestamp{-1}).seconds;
}

// Expected values: date -u -d "..." +%s
TEST(IsoTimeTest, DatesAndTimesAreSecondsSince1970) {
  EXPECT_EQ(SecondsOf("1970-01-01"), 0);
  EXPECT_EQ(SecondsOf("2024-02-29"), 1'709'164'800);
  EXPECT_EQ(SecondsOf("2024-05-01T18:30"), 1'714'588'200);
  EXPECT_EQ(SecondsOf("2024-05-01 18:30:15"), 1'714'588'215);
  EXPECT_EQ(SecondsOf("2024-05-01T18:30:15.999Z"), 1'714'588'215);
  EXPECT_EQ(SecondsOf("1969-12-31T23:59:59Z"), -1);
}

TEST(IsoTimeTest, ZonesAreTakenOff) {
  EXPECT_EQ(SecondsOf("2024-05-01T18:30:15+02:00"), 1'714'588'215 - 7200);
  EXPECT_EQ(SecondsOf("2024-05-01T18:30:15-0530"), 1'714'588'215 + 19'800);
  EXPECT_EQ(SecondsOf("2024-05-01T18:30:15+02"), 1'714'588'215 - 7200);
}

TEST(IsoTimeMalformedTest, AnythingElseIsNothing) {
  for (const char* text : {"",
                           "2024",
                           "2024-05",
                           "2024-13-01",
                           "2024-02-30",
                           "2023-02-29",
                           "2024-05-01T",
                           "2024-05-01T24:00",
                           "2024-05-01T18",
                           "2024-05-01T18:60",
                           "2024-05-01T18:30:61",
                           "2024-05-01T18:30:15.",
                           "2024-05-01T18:30:15+",
                           "2024-05-01T18:30:15+2",
                           "2024-05-01T18:30:15Zz",
                           "2024-05-01x",
                           "-2024-05-01",
                           "24-05-01",
                           "2024/05/01",
                           "tomorrow",
                           "2024-5-1",
                           "2024-05-01T18:30:15+24:00",
                           " 2024-05-01"}) {
    EXPECT_FALSE(ParseIsoTime(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace sightline
