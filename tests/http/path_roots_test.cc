// SPDX-License-Identifier: BSD-3-Clause
#include "http/path_roots.h"

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <vector>

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::TempDir;
using testing::WriteTestFile;

constexpr const char* kOutside = "outside the folders";

// root/a.jpg, root/sub/b.jpg, root-2/c.jpg and secret.txt, of which `root` may be read.
class PathRootsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteTestFile(dir_ / "root/a.jpg", "a");
    WriteTestFile(dir_ / "root/sub/b.jpg", "b");
    WriteTestFile(dir_ / "root-2/c.jpg", "c");
    WriteTestFile(dir_ / "secret.txt", "s");
    base_ = fs::canonical(dir_.path());
    auto roots = PathRoots::Make(std::vector<fs::path>{dir_ / "root"});
    ASSERT_THAT(roots, IsOk());
    roots_ = *std::move(roots);
  }
  Result<fs::path> Resolve(const std::string& below_base) { return roots_.Resolve((base_ / below_base).string()); }
  void Link(const fs::path& target, const std::string& name) { fs::create_symlink(target, base_ / "root" / name); }

  TempDir dir_;
  fs::path base_;
  PathRoots roots_;
};

TEST_F(PathRootsTest, FilesAndFoldersBelowARootAreFound) {
  EXPECT_EQ(*Resolve("root/a.jpg"), base_ / "root/a.jpg");
  EXPECT_EQ(*Resolve("root/sub/../sub//b.jpg"), base_ / "root/sub/b.jpg");
  EXPECT_EQ(*Resolve("root/sub"), base_ / "root/sub");
  EXPECT_EQ(*Resolve("root"), base_ / "root");
  EXPECT_EQ(*Resolve("root/"), base_ / "root");
}

TEST_F(PathRootsTest, WhatLiesElsewhereIsOutside) {
  for (const char* path : {"secret.txt", "root/../secret.txt", "root/sub/../../secret.txt", "root-2/c.jpg", ""}) {
    EXPECT_THAT(Resolve(path), IsErrorWith(ErrorCode::kInvalidArgument, kOutside)) << path;
  }
  for (const char* path : {"/", "/etc/passwd", "/proc/self/environ", "/proc/self/root/etc/passwd", "/dev/zero"}) {
    EXPECT_THAT(roots_.Resolve(path), IsErrorWith(ErrorCode::kInvalidArgument, kOutside)) << path;
  }
}

TEST_F(PathRootsTest, TheAnswerDoesNotTellWhetherThereIsSomethingOutside) {
  const auto there = Resolve("secret.txt");
  const auto missing = Resolve("secret.not");
  ASSERT_THAT(there, IsError(ErrorCode::kInvalidArgument));
  ASSERT_THAT(missing, IsError(ErrorCode::kInvalidArgument));
  EXPECT_EQ(there.error().message.substr(there.error().message.find(": ")),
            missing.error().message.substr(missing.error().message.find(": ")));
}

TEST_F(PathRootsTest, LinksWithinStayAndLinksOutAreRefused) {
  Link("a.jpg", "inner.jpg");
  Link(base_ / "secret.txt", "absolute");
  Link("../secret.txt", "relative");
  Link("..", "up");
  Link("relative", "twice");
  Link("/proc/self/cwd", "kernel");
  EXPECT_EQ(*Resolve("root/inner.jpg"), base_ / "root/a.jpg");
  for (const char* path :
       {"root/absolute", "root/relative", "root/up/secret.txt", "root/up", "root/twice", "root/kernel"}) {
    EXPECT_THAT(Resolve(path), IsError(ErrorCode::kInvalidArgument)) << path;
  }
}

TEST_F(PathRootsTest, LinksOutAreRefusedAlsoWhereNothingIsBehindThem) {
  Link("../no-such-file", "broken");
  Link("..", "up");
  EXPECT_THAT(Resolve("root/up/no-such-file"), IsErrorWith(ErrorCode::kInvalidArgument, kOutside));
  EXPECT_THAT(Resolve("root/broken"), ::testing::Not(IsOk()));
  Link("../secret.txt", "relative");
  EXPECT_THAT(Resolve("root/missing/../relative"), ::testing::Not(IsOk()));
}

TEST_F(PathRootsTest, MissingFilesBelowARootAreNotFound) {
  EXPECT_THAT(Resolve("root/no.jpg"), IsErrorWith(ErrorCode::kNotFound, "no.jpg"));
  EXPECT_THAT(Resolve("root/a.jpg/x"), IsError(ErrorCode::kNotFound));
  EXPECT_THAT(Resolve("root/missing/../../secret.txt"), IsErrorWith(ErrorCode::kInvalidArgument, kOutside));
}

TEST_F(PathRootsTest, LoopsOfLinksEnd) {
  Link("two", "one");
  Link("one", "two");
  EXPECT_THAT(Resolve("root/one"), ::testing::Not(IsOk()));
}

TEST_F(PathRootsTest, RelativePathsAndZeroBytesAreRefused) {
  EXPECT_THAT(roots_.Resolve("a.jpg"), IsErrorWith(ErrorCode::kInvalidArgument, "not an absolute path"));
  EXPECT_THAT(roots_.Resolve(""), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(roots_.Resolve("~/a.jpg"), IsError(ErrorCode::kInvalidArgument));
  std::string zero = (base_ / "root/a.jpg").string();
  zero += std::string("\0/../../secret.txt", 18);
  EXPECT_THAT(roots_.Resolve(zero), IsErrorWith(ErrorCode::kInvalidArgument, "zero byte"));
}

TEST_F(PathRootsTest, VeryLongPathsAreAnError) {
  EXPECT_THAT(Resolve("root/" + std::string(5000, 'a')), ::testing::Not(IsOk()));
}

TEST_F(PathRootsTest, WithoutRootsNothingMayBeNamed) {
  EXPECT_TRUE(PathRoots().empty());
  EXPECT_THAT(PathRoots().Resolve((base_ / "root/a.jpg").string()), IsError(ErrorCode::kInvalidArgument));
}

TEST_F(PathRootsTest, ARootThatIsALinkStandsForItsTarget) {
  fs::create_symlink("root", base_ / "link");
  const auto roots = PathRoots::Make(std::vector<fs::path>{base_ / "link"});
  ASSERT_THAT(roots, IsOk());
  EXPECT_EQ(*roots->Resolve((base_ / "link/a.jpg").string()), base_ / "root/a.jpg");
  // What the link points to later does not count.
  fs::remove(base_ / "link");
  fs::create_symlink("root-2", base_ / "link");
  EXPECT_THAT(roots->Resolve((base_ / "link/c.jpg").string()), IsError(ErrorCode::kInvalidArgument));
}

TEST_F(PathRootsTest, TheWholeDiskAsARootLeavesTheKernelOut) {
  const auto roots = PathRoots::Make(std::vector<fs::path>{"/"});
  ASSERT_THAT(roots, IsOk());
  EXPECT_THAT(roots->Resolve((base_ / "secret.txt").string()), IsOk());
  EXPECT_THAT(roots->Resolve("/proc/self/environ"), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(roots->Resolve("/dev/null"), IsError(ErrorCode::kInvalidArgument));
}

TEST_F(PathRootsTest, RootsMustBeFoldersOfSomebody) {
  const auto make = [](const fs::path& folder) { return PathRoots::Make(std::vector<fs::path>{folder}); };
  EXPECT_THAT(make(base_ / "no"), IsErrorWith(ErrorCode::kNotFound, "no"));
  EXPECT_THAT(make(base_ / "secret.txt"), IsErrorWith(ErrorCode::kInvalidArgument, "not a folder"));
  EXPECT_THAT(make("/proc"), IsErrorWith(ErrorCode::kInvalidArgument, "kernel"));
  EXPECT_THAT(make("/proc/self"), IsErrorWith(ErrorCode::kInvalidArgument, "kernel"));
}

}  // namespace
}  // namespace sightline::http
