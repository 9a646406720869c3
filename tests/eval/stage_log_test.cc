// SPDX-License-Identifier: BSD-3-Clause
#include "eval/stage_log.h"

#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using testing::IsError;
using testing::IsOk;

std::vector<QueryOutcome> SomeOutcomes() {
  return {{.asked = 0,
           .image = 0,
           .coarse_rank = 3,
           .rank = 0,
           .logit_rank = 1,
           .first_probability = 0.1 + 0.2,  // Has no short decimal form.
           .first_right = true,
           .ms = 1.0 / 3,
           .reranked = 16},
          {.asked = 2, .image = 1, .coarse_rank = kNotRanked, .rank = 7, .logit_rank = 8, .ms = 12}};
}

class StageLogTest : public ::testing::Test {
 protected:
  StageLog Open(std::string_view key = "key") {
    auto log = StageLog::Open(path_, key);
    EXPECT_THAT(log, IsOk());
    return *std::move(log);
  }
  // A log of both outcomes that is not finished.
  void Begin() {
    StageLog log = Open();
    EXPECT_THAT(log.Append(SomeOutcomes()), IsOk());
  }

  testing::TempDir folder_;
  const std::filesystem::path path_ = folder_ / "stages" / "exact-64-img.log";
};

TEST_F(StageLogTest, WhatIsAppendedIsThereAgainExactly) {
  Begin();
  {
    StageLog log = Open();
    EXPECT_EQ(log.outcomes(), SomeOutcomes());
    EXPECT_FALSE(log.finished());
    EXPECT_THAT(log.Finish(5), IsOk());
  }
  const StageLog finished = Open();
  EXPECT_EQ(finished.outcomes(), SomeOutcomes());
  EXPECT_TRUE(finished.finished());
  EXPECT_EQ(finished.skipped(), 5U);
}

TEST_F(StageLogTest, AnotherKeyBeginsAnew) {
  Begin();
  EXPECT_TRUE(Open("other").outcomes().empty());
  EXPECT_TRUE(Open().outcomes().empty());
}

TEST_F(StageLogTest, AFileThatWasCutOffAnywhereCountsUpToItsLastWholeLine) {
  Begin();
  const std::string whole = testing::ReadTestFile(path_);
  const size_t head = whole.find('\n') + 1;
  const size_t first = whole.find('\n', head) + 1;
  for (size_t size = 0; size <= whole.size(); ++size) {
    testing::WriteTestFile(path_, whole.substr(0, size));
    const size_t kept = size < first ? 0 : size < whole.size() ? 1 : 2;
    {
      StageLog log = Open();
      ASSERT_EQ(log.outcomes().size(), kept) << size;
      const std::vector<QueryOutcome> all = SomeOutcomes();
      EXPECT_THAT(log.Append(std::span(all).subspan(kept)), IsOk());
    }
    EXPECT_EQ(Open().outcomes(), SomeOutcomes()) << size;
  }
}

TEST_F(StageLogTest, WhatDoesNotReadEndsWhatWasKept) {
  for (const char* line : {"3 1 2", "x 1 2 3 4 - 0 1 2", "3 1 2 3 4 - 2 1 2", "3 1 2 3 4 - 0 1 2 3",
                           "1 1 2 3 4 - 0 1 2", "finished", "finished x"}) {
    Begin();
    testing::WriteTestFile(path_, testing::ReadTestFile(path_) + line + "\n9 9 0 0 0 - 0 1 0\n");
    EXPECT_EQ(Open().outcomes().size(), 2U) << line;
    std::filesystem::remove(path_);
  }
}

TEST_F(StageLogTest, AFolderThatCannotBeMadeIsUnavailable) {
  testing::WriteTestFile(folder_ / "file", "");
  EXPECT_FALSE(StageLog::Open(folder_ / "file" / "stages" / "log", "key"));
}

}  // namespace
}  // namespace sightline::eval
