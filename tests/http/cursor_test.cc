// SPDX-License-Identifier: BSD-3-Clause
#include "http/cursor.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace sightline::http {
namespace {

TEST(CursorTest, ComesBackAsItWas) {
  const Cursor cursor = {.epoch = Epoch{12345},
                         .offset = 30,
                         .rerank_depth = 64,
                         .read_depth = 16,
                         .query = 0xFEDCBA9876543210,
                         .last = {20, 19},
                         .reranked = true,
                         .score = -2.5};
  EXPECT_EQ(ToText(cursor), "c3-3039-1e-40-10-fedcba9876543210-14-13-0-0-1-c004000000000000");
  EXPECT_EQ(ParseCursor(ToText(cursor)), cursor);
  const Cursor largest = {.epoch = Epoch{UINT64_MAX},
                          .offset = SIZE_MAX,
                          .rerank_depth = SIZE_MAX,
                          .read_depth = SIZE_MAX,
                          .query = UINT64_MAX,
                          .last = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
  EXPECT_EQ(ParseCursor(ToText(largest)), largest);
}

TEST(CursorTest, AnythingElseIsNoCursor) {
  for (const std::string text : {"", "c3-", "c1-1-2-3-4", "c2-1-2-3-4-5", "c4-1-2-3-4-5-6-7-8-9-1-0",
                                 "c3-1-2-3-4-5-6-7-8-9-1", "c3-1-2-3-4-5-6-7-8-9-1-", "c3-1-2-3-4-5-6-7-8-9-1-0-0",
                                 "c3-1-2-3-4-5-6-7-8-9-1-0 ", "c3--1-2-3-4-5-6-7-8-9-1-0", "c3-1-2-3-4-5-6-7-8-9-1-g",
                                 "c3-1-2-3-4-5-6-7-8-9-1-10000000000000000", "1-2-3-4-5-6-7-8-9-1-0"}) {
    EXPECT_EQ(ParseCursor(text), std::nullopt) << text;
  }
}

TEST(CursorTest, DigestsTellQueriesApart) {
  EXPECT_EQ(DigestOfQuery("a"), DigestOfQuery("a"));
  EXPECT_NE(DigestOfQuery("a"), DigestOfQuery("b"));
}

}  // namespace
}  // namespace sightline::http
