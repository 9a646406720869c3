// SPDX-License-Identifier: BSD-3-Clause
#include "media/source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/support/test_support.h"
#include "tests/support/without_root.h"

namespace sightline::media {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::TempDir;
using ::sightline::testing::WriteTestFile;

std::string Text(const Source& source, uint64_t max_bytes = 1000) {
  const auto bytes = source.ReadAll(max_bytes);
  EXPECT_THAT(bytes, IsOk());
  return bytes ? std::string(reinterpret_cast<const char*>((*bytes)->data()), (*bytes)->size()) : "";
}

TEST(SourceTest, FileGivesAllItsBytes) {
  const TempDir dir;
  WriteTestFile(dir / "a", "0123456789");
  const Source source = Source::FromFile(dir / "a");
  EXPECT_EQ(source.name(), (dir / "a").string());
  EXPECT_EQ(Text(source), "0123456789");
}

TEST(SourceTest, EmptyFileGivesNoBytes) {
  const TempDir dir;
  WriteTestFile(dir / "empty", "");
  EXPECT_EQ(Text(Source::FromFile(dir / "empty")), "");
}

TEST(SourceTest, RangeGivesItsPart) {
  const TempDir dir;
  WriteTestFile(dir / "a.tar", "0123456789");
  const Source source = Source::FromFileRange(dir / "a.tar", 3, 4, "a.tar/member");
  EXPECT_EQ(source.name(), "a.tar/member");
  EXPECT_EQ(Text(source), "3456");
  EXPECT_EQ(Text(Source::FromFileRange(dir / "a.tar", 10, 0, "end")), "");
}

TEST(SourceTest, MemoryIsSharedByCopies) {
  const Source source = Source::FromMemory({std::byte{'a'}, std::byte{'b'}}, "upload");
  const Source copy = source;
  EXPECT_EQ(Text(copy), "ab");
  EXPECT_EQ((*source.ReadAll(2))->data(), (*copy.ReadAll(2))->data());
}

TEST(SourceTest, LimitIsInclusive) {
  const TempDir dir;
  WriteTestFile(dir / "a", "0123456789");
  for (const Source& source : {Source::FromFile(dir / "a"), Source::FromFileRange(dir / "a", 0, 10, "range"),
                               Source::FromMemory(std::vector<std::byte>(10), "memory")}) {
    EXPECT_THAT(source.ReadAll(10), IsOk());
    EXPECT_THAT(source.ReadAll(9), IsErrorWith(ErrorCode::kResourceExhausted, source.name()));
  }
}

TEST(SourceMalformedTest, RangeBehindTheEndIsCorruption) {
  const TempDir dir;
  WriteTestFile(dir / "a", "0123456789");
  EXPECT_THAT(Source::FromFileRange(dir / "a", 8, 3, "m").ReadAll(100), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(Source::FromFileRange(dir / "a", 11, 0, "m").ReadAll(100), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(Source::FromFileRange(dir / "a", UINT64_MAX, UINT64_MAX - 1, "m").ReadAll(UINT64_MAX),
              IsError(ErrorCode::kCorruption));
}

TEST(SourceMalformedTest, WhatIsNotAFileIsRefused) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(Source::FromFile(dir / "fifo").ReadAll(100),
              IsErrorWith(ErrorCode::kInvalidArgument, "not a regular file"));
  EXPECT_THAT(Source::FromFile(dir.path()).ReadAll(100),
              IsErrorWith(ErrorCode::kInvalidArgument, "not a regular file"));
  EXPECT_THAT(Source::FromFile("/dev/zero").ReadAll(100), IsError(ErrorCode::kInvalidArgument));
}

TEST(SourceMalformedTest, MissingFilesAndBrokenLinksAreNotFound) {
  const TempDir dir;
  std::filesystem::create_symlink(dir / "nowhere", dir / "link");
  std::filesystem::create_symlink(dir / "loop", dir / "loop");
  EXPECT_THAT(Source::FromFile(dir / "gone").ReadAll(100), IsErrorWith(ErrorCode::kNotFound, "gone"));
  EXPECT_THAT(Source::FromFile(dir / "link").ReadAll(100), IsErrorWith(ErrorCode::kNotFound, "link"));
  EXPECT_THAT(Source::FromFile(dir / "loop").ReadAll(100), IsErrorWith(ErrorCode::kInvalidArgument, "loop"));
}

TEST(SourceMalformedTest, FileThatVanishedIsNotFound) {
  const TempDir dir;
  WriteTestFile(dir / "a", "content");
  const Source source = Source::FromFile(dir / "a");
  std::filesystem::remove(dir / "a");
  EXPECT_THAT(source.ReadAll(100), IsErrorWith(ErrorCode::kNotFound, "/a"));
}

TEST(SourceMalformedTest, UnreadableFileIsUnavailable) {
  const TempDir dir;
  WriteTestFile(dir / "secret", "content");
  std::filesystem::permissions(dir / "secret", std::filesystem::perms::none);
  const sightline::testing::WithoutRoot without_root(dir.path());
  EXPECT_THAT(Source::FromFile(dir / "secret").ReadAll(100), IsErrorWith(ErrorCode::kUnavailable, "secret"));
}

}  // namespace
}  // namespace sightline::media
