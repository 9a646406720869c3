// SPDX-License-Identifier: BSD-3-Clause
#include "base/file_io.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/test_support.h"

namespace sightline {
namespace {

using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::ReadTestFile;
using testing::TempDir;
using testing::WriteTestFile;

TEST(FileIoTest, WriteFileAtomicallyReplacesAndLeavesNoTemporary) {
  TempDir dir;
  ASSERT_THAT(WriteFileAtomically(dir / "a", "one"), IsOk());
  ASSERT_THAT(WriteFileAtomically(dir / "a", "two"), IsOk());
  EXPECT_EQ(ReadTestFile(dir / "a"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(FileIoTest, WriteFileAtomicallyGivesTheNewFileItsPermissions) {
  TempDir dir;
  WriteTestFile(dir / "a", "readable by all");
  ASSERT_EQ(::chmod((dir / "a").c_str(), 0666), 0);
  ASSERT_THAT(WriteFileAtomically(dir / "a", "secret", 0600), IsOk());
  struct stat info {};
  ASSERT_EQ(::stat((dir / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST(FileIoTest, WriteIntoAMissingFolderIsNotFoundAndNamesThePath) {
  TempDir dir;
  EXPECT_THAT(WriteFileAtomically(dir / "no/a", "x"), IsErrorWith(ErrorCode::kNotFound, "no/a"));
}

TEST(FileIoTest, ReadFileReturnsTheContent) {
  TempDir dir;
  WriteTestFile(dir / "a", "content");
  EXPECT_EQ(*ReadFile(dir / "a", 100), "content");
}

TEST(FileIoTest, ReadFileRefusesWhatIsTooBig) {
  TempDir dir;
  WriteTestFile(dir / "a", "content");
  EXPECT_THAT(ReadFile(dir / "a", 6), IsError(ErrorCode::kResourceExhausted));
}

TEST(FileIoTest, FoldersAndPipesAreNotFiles) {
  TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(ReadFile(dir / "pipe", 100), IsErrorWith(ErrorCode::kInvalidArgument, "not a regular file"));
  EXPECT_THAT(ReadFile(dir.path(), 100), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ReadFile(dir / "missing", 100), IsErrorWith(ErrorCode::kNotFound, "missing"));
}

TEST(MappedFileTest, ShowsTheBytesAndOutlivesTheName) {
  TempDir dir;
  WriteTestFile(dir / "a", "content");
  auto file = MappedFile::Open(dir / "a");
  ASSERT_THAT(file, IsOk());
  std::filesystem::remove(dir / "a");
  const MappedFile moved = std::move(*file);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(moved.bytes().data()), moved.bytes().size()), "content");
}

TEST(MappedFileTest, EmptyFileMapsToNothing) {
  TempDir dir;
  WriteTestFile(dir / "a", "");
  auto file = MappedFile::Open(dir / "a");
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(file->bytes().empty());
}

}  // namespace
}  // namespace sightline
