// SPDX-License-Identifier: BSD-3-Clause
#include "base/guard.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "tests/support/test_support.h"

namespace sightline {
namespace {

using testing::IsError;
using testing::IsErrorWith;

TEST(GuardTest, PassesResultsThrough) {
  EXPECT_EQ(*Guard("count", []() -> Result<int> { return 3; }), 3);
  EXPECT_THAT(Guard("count", []() -> Result<int> { return Fail(ErrorCode::kNotFound, "none"); }),
              IsError(ErrorCode::kNotFound));
}

TEST(GuardTest, TurnsExceptionsIntoErrorsThatNameTheWork) {
  EXPECT_THAT(Guard("count", []() -> Status { throw std::runtime_error("broken"); }),
              IsErrorWith(ErrorCode::kInternal, "count: broken"));
  EXPECT_THAT(Guard("count", []() -> Status { throw 1; }), IsErrorWith(ErrorCode::kInternal, "unknown exception"));
}

TEST(GuardTest, TurnsBadAllocIntoResourceExhausted) {
  EXPECT_THAT(Guard("count", []() -> Status { throw std::bad_alloc(); }), IsError(ErrorCode::kResourceExhausted));
}

}  // namespace
}  // namespace sightline
