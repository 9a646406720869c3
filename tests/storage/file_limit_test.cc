// SPDX-License-Identifier: BSD-3-Clause
// Without files to open: a clear error that names the limit, and nothing acknowledged is lost.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/open_files.h"
#include "storage/collection.h"
#include "tests/storage/crash_plan.h"
#include "tests/storage/expect_batches.h"
#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

using storage::Collection;
using ::testing::IsEmpty;

/// For its life this process opens files with small numbers only: those that are open stay, and `more` are added.
class FewFiles {
 public:
  explicit FewFiles(uint64_t more) {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_GE(next, 0);
    ::close(next);
    struct rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(next) + more;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  }
  ~FewFiles() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }
  FewFiles(const FewFiles&) = delete;
  FewFiles& operator=(const FewFiles&) = delete;

 private:
  struct rlimit before_ {};
};

class FileLimitTest : public ::testing::Test {
 protected:
#ifdef __SANITIZE_ADDRESS__
  void SetUp() override {
    GTEST_SKIP() << "the sanitizer opens a pipe to look at an object and reports it as broken when it cannot";
  }
#endif

  /// Commits batches until one fails. @return the error.
  static Error CommitUntilError(Collection& collection, CrashPlan& plan) {
    for (int i = 0; i < 2000; ++i) {
      const auto batch = plan.Advance();
      const auto changes = ToWriteSet(plan, batch, collection);
      if (!changes) return changes.error();
      const auto committed = collection.Commit(*changes);
      if (!committed) return committed.error();
    }
    ADD_FAILURE() << "no commit failed";
    return {};
  }

  TempDir scratch_;
  const std::filesystem::path folder_ = scratch_ / "c";
};

TEST_F(FileLimitTest, OpeningWithTooFewFilesNamesTheLimit) {
  { ASSERT_THAT(Collection::Create(folder_, CrashConfig(), CrashOptions()), IsOk()); }
  {
    const FewFiles few(4);
    EXPECT_THAT(Collection::Open(folder_, CrashOptions()),
                IsErrorWith(ErrorCode::kResourceExhausted, DescribeOpenFileLimit()));
    EXPECT_THAT(Collection::Create(scratch_ / "d", CrashConfig(), CrashOptions()),
                IsErrorWith(ErrorCode::kResourceExhausted, DescribeOpenFileLimit()));
  }
  EXPECT_THAT(Collection::Open(folder_, CrashOptions()), IsOk());
}

TEST_F(FileLimitTest, RunningOutOfFilesInTheMiddleLosesNothing) {
  CrashPlan plan;
  {
    const auto made = Collection::Create(folder_, CrashConfig(), CrashOptions());
    ASSERT_THAT(made, IsOk());
    const FewFiles few(0);
    const Error error = CommitUntilError(**made, plan);
    EXPECT_EQ(error.code, ErrorCode::kResourceExhausted) << error.message;
    EXPECT_THAT(error.message, ::testing::HasSubstr(DescribeOpenFileLimit()));
  }
  const uint64_t acknowledged = plan.batches() - 1;
  ExpectBatches(folder_, acknowledged, acknowledged + 1);
}

TEST_F(FileLimitTest, ACollectionOfManyFilesWorksWithinASmallLimit) {
  CrashPlan plan;
  const FewFiles few(100);
  for (int opening = 0; opening < 30; ++opening) {  // each leaves a table of every family
    const auto collection = opening == 0 ? Collection::Create(folder_, CrashConfig(), CrashOptions())
                                         : Collection::Open(folder_, CrashOptions());
    ASSERT_THAT(collection, IsOk());
    for (int i = 0; i < 3; ++i) {
      const auto batch = plan.Advance();
      const auto changes = ToWriteSet(plan, batch, **collection);
      ASSERT_THAT(changes, IsOk());
      ASSERT_THAT((*collection)->Commit(*changes), IsOk());
    }
  }
  const auto opened = Collection::Open(folder_, CrashOptions());
  ASSERT_THAT(opened, IsOk());
  EXPECT_THAT(Differences(**opened, plan.batches()), IsEmpty());
}

}  // namespace
}  // namespace sightline::testing
