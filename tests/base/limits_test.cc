// SPDX-License-Identifier: BSD-3-Clause
#include "base/limits.h"

#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace sightline {
namespace {

using std::chrono_literals::operator""h;
using testing::IsErrorWith;
using testing::IsOk;

TEST(LimitsTest, DefaultNeverEnds) { EXPECT_THAT(Limits{}.Check("search"), IsOk()); }

TEST(LimitsTest, PastDeadlineIsNamed) {
  EXPECT_THAT(Limits::After(-1h).Check("search"), IsErrorWith(ErrorCode::kDeadlineExceeded, "search"));
  EXPECT_THAT(Limits::After(1h).Check("search"), IsOk());
}

TEST(LimitsTest, StopWinsOverTheDeadline) {
  std::stop_source source;
  const Limits limits = Limits::After(-1h, source.get_token());
  source.request_stop();
  EXPECT_THAT(limits.Check("search"), IsErrorWith(ErrorCode::kCancelled, "search"));
}

}  // namespace
}  // namespace sightline
