// SPDX-License-Identifier: BSD-3-Clause
#include "app/output_file.h"

#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using testing::IsErrorWith;
using testing::IsOk;

TEST(OutputFileTest, WhatCannotBeWrittenIsKnownBefore) {
  const testing::TempDir dir;
  EXPECT_THAT(CheckOutputFile(dir / "new.html"), IsOk());
  EXPECT_THAT(CheckOutputFile("new.html"), IsOk());
  EXPECT_THAT(CheckOutputFile(""), IsOk());
  EXPECT_THAT(CheckOutputFile(dir.path()), IsErrorWith(ErrorCode::kInvalidArgument, "is a folder"));
  EXPECT_THAT(CheckOutputFile(dir / "none/new.html"), IsErrorWith(ErrorCode::kNotFound, "there is no folder"));
  testing::WriteTestFile(dir / "file", "");
  EXPECT_THAT(CheckOutputFile(dir / "file/new.html"), IsErrorWith(ErrorCode::kNotFound, "there is no folder"));
  EXPECT_THAT(CheckOutputFile(dir / "file"), IsOk()) << "it is replaced";
  EXPECT_FALSE(std::filesystem::exists(dir / "new.html"));
}

}  // namespace
}  // namespace sightline::app
