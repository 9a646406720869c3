// SPDX-License-Identifier: BSD-3-Clause
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/test_support.h"

namespace sightline {
namespace {

using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

Result<int> Half(int value) {
  if (value % 2 != 0) return Fail(ErrorCode::kInvalidArgument, std::to_string(value) + " is odd");
  return value / 2;
}

Result<int> Quarter(int value) {
  SL_ASSIGN_OR_RETURN(const int half, Half(value));
  return Half(half);
}

Status CheckEven(int value) {
  SL_RETURN_IF_ERROR(Half(value));
  return {};
}

Result<std::unique_ptr<int>> MakeOwned(int value) {
  SL_ASSIGN_OR_RETURN(auto owned, Result<std::unique_ptr<int>>(std::make_unique<int>(value)));
  return owned;
}

TEST(ResultTest, AssignOrReturnTakesTheValueOrPassesTheErrorOn) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_THAT(Quarter(6), IsErrorWith(ErrorCode::kInvalidArgument, "3 is odd"));
  EXPECT_EQ(**MakeOwned(5), 5);
}

TEST(ResultTest, ReturnIfErrorKeepsCodeAndMessage) {
  EXPECT_THAT(CheckEven(2), IsOk());
  EXPECT_THAT(CheckEven(3), IsErrorWith(ErrorCode::kInvalidArgument, "3 is odd"));
}

TEST(ResultTest, AnnotatePutsTheContextFirst) {
  const Status status = Annotate(Half(1).error(), "halving");
  EXPECT_EQ(status.error().message, "halving: 1 is odd");
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
}

TEST(ResultTest, EveryCodeHasACategory) {
  EXPECT_EQ(CategoryOf(ErrorCode::kNotFound), ErrorCategory::kCaller);
  EXPECT_EQ(CategoryOf(ErrorCode::kCorruption), ErrorCategory::kData);
  EXPECT_EQ(CategoryOf(ErrorCode::kResourceExhausted), ErrorCategory::kEnvironment);
  EXPECT_EQ(CategoryOf(ErrorCode::kDeadlineExceeded), ErrorCategory::kRetry);
  EXPECT_EQ(CategoryOf(ErrorCode::kInternal), ErrorCategory::kBug);
}

}  // namespace
}  // namespace sightline
