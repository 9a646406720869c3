// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/text/unicode.h"

#include <string>
#include <vector>

#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;

TEST(UnicodeTest, WellFormedTextPasses) {
  for (const std::string text : {"", "plain", "caf\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_THAT(CheckUtf8(text), IsOk()) << text;
  }
}

TEST(UnicodeTest, MalformedTextIsRefusedWithItsPlace) {
  const std::vector<std::string> malformed = {
      "ab\x80",              // a continuation byte alone
      "ab\xC3",              // cut inside a sequence
      "ab\xC0\xAF",          // overlong
      "ab\xE0\x80\xAF",      // overlong
      "ab\xED\xA0\x80",      // a surrogate
      "ab\xF4\x90\x80\x80",  // beyond U+10FFFF
      "ab\xFF",
      "ab\xC3(",
      "ab\xE2\x82",
  };
  for (const auto& text : malformed) {
    EXPECT_THAT(CheckUtf8(text), IsErrorWith(ErrorCode::kInvalidArgument, "at byte 2"))
        << ::testing::PrintToString(text);
  }
}

TEST(UnicodeTest, WhitespaceIsPythons) {
  const std::vector<char32_t> spaces = {'\t',   '\n',   0x0B,   0x0C,   '\r',   0x1C,   0x1D,   0x1E,   0x1F,   ' ',
                                        0x85,   0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006,
                                        0x2007, 0x2008, 0x2009, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
  std::vector<char32_t> found;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (IsWhitespace(c)) found.push_back(c);
  }
  EXPECT_EQ(found, spaces);
}

}  // namespace
}  // namespace sightline::encoder
