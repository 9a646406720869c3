// SPDX-License-Identifier: BSD-3-Clause
#include "base/utf8.h"

#include <gtest/gtest.h>

namespace sightline {
namespace {

TEST(Utf8Test, KeepsWhatIsValid) {
  EXPECT_EQ(ValidUtf8("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x95"), "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x90\x95");
}

TEST(Utf8MalformedTest, InvalidBytesBecomeReplacements) {
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(ValidUtf8("a\xFFz"), "a" + r + "z");
  EXPECT_EQ(ValidUtf8("\xC3"), r);                          // Cut off.
  EXPECT_EQ(ValidUtf8("\xC0\xAF"), r + r);                  // Overlong.
  EXPECT_EQ(ValidUtf8("\xE0\x80\x80"), r + r + r);          // Overlong.
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80"), r + r + r);          // A surrogate.
  EXPECT_EQ(ValidUtf8("\xF4\x90\x80\x80"), r + r + r + r);  // Beyond U+10FFFF.
}

TEST(Utf8Test, IsValidTellsWhatValidUtf8WouldChange) {
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8("caf\xC3\xA9 \xF0\x9F\x90\x95"));
  for (const char* broken : {"\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\xFFz"})
    EXPECT_FALSE(IsValidUtf8(broken));
}

}  // namespace
}  // namespace sightline
