// SPDX-License-Identifier: BSD-3-Clause
#include "media/content_hash.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsOk;
using ::sightline::testing::TempDir;
using ::sightline::testing::WriteTestFile;

std::string HexOf(const Result<ContentHash>& hash) {
  EXPECT_THAT(hash, IsOk());
  return hash ? ToHex(*hash) : std::string();
}

std::string HexOf(const std::filesystem::path& file) { return HexOf(HashContent(Source::FromFile(file), {})); }

/// A sparse file: zeros, with bytes written here and there.
class BigFile {
 public:
  BigFile(const std::filesystem::path& path, uint64_t size_bytes) : path_(path) {
    WriteTestFile(path, "");
    std::filesystem::resize_file(path, size_bytes);
  }
  void Write(uint64_t offset_bytes, const std::string& bytes) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset_bytes));
    file << bytes;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(ContentHashTest, ASmallSourceIsHashedWhole) {
  // NIST's example for SHA-256 of "abc"
  TempDir dir;
  WriteTestFile(dir / "abc", "abc");
  EXPECT_EQ(HexOf(dir / "abc"), "ba7816bf8f01cfea414140de5dae2223");
  const std::vector<std::byte> abc{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
  EXPECT_EQ(HexOf(HashContent(Source::FromMemory(abc, "abc"), {})), "ba7816bf8f01cfea414140de5dae2223");
}

TEST(ContentHashTest, TheLimitItselfIsStillHashedWhole) {
  TempDir dir;
  const BigFile file(dir / "zeros", kHashWholeBytes);
  Sha256 sha;
  const std::string zeros(1 << 20, '\0');
  for (int i = 0; i < 64; ++i) sha.Update(zeros);
  EXPECT_EQ(HexOf(file.path()), ToHex(sha.Finish()).substr(0, 32));
}

TEST(ContentHashTest, ALargeFileIsSampledAsDocumented) {
  TempDir dir;
  constexpr uint64_t kSize = 100'000'001;
  const BigFile file(dir / "big", kSize);
  Sha256 sha;
  sha.Update("sightline sampled content 1\n");
  sha.Update(std::string("\x01\xe1\xf5\x05\0\0\0\0", 8));  // the size, little-endian
  const std::string zeros(256 << 10, '\0');
  for (int i = 0; i < 64; ++i) sha.Update(zeros);
  EXPECT_EQ(HexOf(file.path()), ToHex(sha.Finish()).substr(0, 32));
}

TEST(ContentHashTest, FirstAndLastByteSizeAndSamplesCountInALargeFile) {
  TempDir dir;
  constexpr uint64_t kSize = 50'000'000'000;  // takes no space, and no time to hash
  const BigFile file(dir / "big", kSize);
  const std::string zeros = HexOf(file.path());
  uint64_t middle = (kSize - (256 << 10)) / 63 * 31 + 1000;
  for (const uint64_t offset : {uint64_t{0}, kSize - 1, middle}) {
    file.Write(offset, "x");
    EXPECT_NE(HexOf(file.path()), zeros) << offset;
    file.Write(offset, std::string(1, '\0'));
    ASSERT_EQ(HexOf(file.path()), zeros);
  }
  EXPECT_NE(HexOf(BigFile(dir / "longer", kSize + 1).path()), zeros);
}

TEST(ContentHashTest, StopsWhenAsked) {
  TempDir dir;
  WriteTestFile(dir / "abc", "abc");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(HashContent(Source::FromFile(dir / "abc"), {.stop = stop.get_token()}), IsError(ErrorCode::kCancelled));
  EXPECT_THAT(HashContent(Source::FromFile(dir / "none"), {}), IsError(ErrorCode::kNotFound));
}

}  // namespace
}  // namespace sightline::media
